using Torc.Base;
using Torc.Simulator.Changes;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Disks;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;
using Torc.Storage.Disk;

namespace Torc.Simulator.Faults;

/// <summary>
/// Makes faults happen and undoes them. Wipes and flipped bits come only while no node lacks data, since two losses at
/// once excuse everything; what may really be lost goes into the log of losses, which the checkers read.
/// </summary>
internal sealed class FaultInjector(
    RunSettings settings, EventQueue queue, SimulatedNetwork network, Machines machines, DataLossLog losses)
{
    private const ulong FaultLabel = 3UL << 60;
    private const int FlapsMax = 20;
    private const int FailingReadsMax = 6;
    private const long ClockJumpMsMax = 10_000;
    private const long SlowDiskMicrosMax = 500_000;
    private readonly SortedSet<int> _corrupted = [];
    private bool _healed;

    /// <summary>The most any wall clock was wrong so far, in milliseconds.</summary>
    public long ClockErrorMsMax { get; private set; }

    /// <summary>Faults that happened, by kind.</summary>
    public SortedDictionary<FaultKind, int> Counts { get; } = [];

    public void Schedule(IEnumerable<Fault> faults)
    {
        foreach (Fault fault in faults)
            queue.At(fault.AtMicros, FaultLabel | (uint)fault.Number, () => Begin(fault));
    }

    /// <summary>Ends every fault: the network works, clocks are right, disks have room, machines start.</summary>
    public void HealAll()
    {
        _healed = true;
        ObserveClocks();
        network.HealAll();
        foreach (SimulatedMachine machine in machines.All)
        {
            machine.Resume();
            machine.Clock.Correct();
            foreach (CrashableDisk disk in machine.Disks)
                HealDisk(disk);
            machine.Start();
        }
    }

    /// <summary>Takes note of how wrong the clocks are; called before and after each change, so that drift is seen too.</summary>
    public void ObserveClocks()
    {
        foreach (SimulatedMachine machine in machines.All)
            ClockErrorMsMax = Math.Max(ClockErrorMsMax, Math.Abs(machine.Clock.ErrorMs) + 1);
    }

    /// <summary>Whether a node's disk holds bits that were turned, so that its losses never end.</summary>
    public bool IsCorrupted(int node) => _corrupted.Contains(node);

    /// <summary>The numbers of a planned fault's nodes count those that are in service by then.</summary>
    private void Begin(Fault planned)
    {
        if (_healed)
            return;
        ObserveClocks();
        var random = new SeededRandom(planned.Seed);
        IReadOnlyList<SimulatedMachine> inService = machines.InService;
        SimulatedMachine machine = inService[planned.Node % inService.Count];
        SimulatedMachine other = inService[planned.OtherNode % inService.Count];
        if (other == machine)
            other = inService[(planned.OtherNode + 1) % inService.Count];
        Fault fault = planned with { Node = machine.Id, OtherNode = other.Id };
        Counts[fault.Kind] = Counts.GetValueOrDefault(fault.Kind) + 1;
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                machine.Kill();
                Undo(fault, machine.Start);
                break;
            case FaultKind.Stop:
                machine.BeginStopping(() => StartAfter(fault, machine));
                break;
            case FaultKind.PowerLoss:
                LosePower(machine, random);
                Undo(fault, machine.Start);
                break;
            case FaultKind.PowerLossEverywhere:
                foreach (SimulatedMachine each in machines.InService)
                    LosePower(each, random);
                Undo(fault, StartAll);
                break;
            case FaultKind.Wipe:
                Wipe(fault, machine);
                break;
            case FaultKind.Pause:
                machine.Pause();
                Undo(fault, machine.Resume);
                break;
            case FaultKind.ClockJump:
                JumpClock(fault, machine, random.Between(-ClockJumpMsMax, ClockJumpMsMax + 1));
                break;
            default:
                if (!TryBeginOnNetwork(fault, random))
                    BeginOnDisk(fault, machine, random);
                break;
        }
    }

    private bool TryBeginOnNetwork(Fault fault, SeededRandom random)
    {
        int from = ClusterContext.PeerAddress(fault.Node), to = ClusterContext.PeerAddress(fault.OtherNode);
        switch (fault.Kind)
        {
            case FaultKind.CutOneWay:
                network.Cut(from, to);
                Undo(fault, () => network.Heal(from, to));
                return true;
            case FaultKind.CutBothWays:
                CutBoth(from, to);
                Undo(fault, () => HealBoth(from, to));
                return true;
            case FaultKind.Isolate:
                foreach (SimulatedMachine other in machines.All.Where(other => other.Id != fault.Node))
                    CutBoth(from, ClusterContext.PeerAddress(other.Id));
                Undo(fault, () => Rejoin(from));
                return true;
            case FaultKind.Flap:
                Flap(fault, from, to, random, 1 + random.Below(FlapsMax));
                return true;
            case FaultKind.SlowLink:
                network.SetExtraDelay(from, to, random.Between(1_000, 3_000_000));
                Undo(fault, () => network.SetExtraDelay(from, to, 0));
                return true;
            case FaultKind.BreakConnections:
                int[] own = [from, ClusterContext.ClientAddress(fault.Node)];
                foreach (ConnectionEnd end in network.OpenEnds.Where(end => own.Contains(end.Host) && random.Chance(0.7)).ToArray())
                    network.Break(end);
                return true;
            default:
                return false;
        }
    }

    private void BeginOnDisk(Fault fault, SimulatedMachine machine, SeededRandom random)
    {
        CrashableDisk disk = machine.Disks[random.Below(machine.Disks.Count)];
        switch (fault.Kind)
        {
            case FaultKind.DiskFull:
                disk.CapacityBytes = disk.List().Sum(file => file.Length) + random.Between(0, settings.Storage.SegmentBytes * 2);
                Undo(fault, () => HealDisk(disk));
                break;
            case FaultKind.SyncFailure:
                disk.FailNextSync(random.Below(10));
                Undo(fault, machine.Start);
                break;
            case FaultKind.ReadFailure:
                // An only copy is lost when it cannot be read however often that is tried.
                disk.FailNextReads(settings.ReplicationFactor > 1 ? 1 + random.Below(FailingReadsMax) : 1, random.Below(5));
                break;
            case FaultKind.SlowDisk:
                machine.ExtraDiskMicros = random.Between(10_000, SlowDiskMicrosMax);
                Undo(fault, () => machine.ExtraDiskMicros = 0);
                break;
            case FaultKind.FlipBits:
                FlipBits(machine, disk, random);
                break;
            default:
                throw new InvariantException($"no fault of kind {fault.Kind}");
        }
    }

    private void LosePower(SimulatedMachine machine, SeededRandom random)
    {
        if (settings.PowerLossLosesData && machines.MayHoldData(machine))
            losses.Lost(machine.Id, queue.NowMicros);
        machine.LosePower(CrashOptions.Draw(random));
    }

    private void Wipe(Fault fault, SimulatedMachine machine)
    {
        if (!MayLoseData || (settings.Changes.IsAny && !machines.CanLose(machine)))
            return;
        losses.Lost(machine.Id, queue.NowMicros);
        machine.Wipe();
        Undo(fault, machine.Start);
    }

    /// <summary>Turned bits lose what they hit until it is found and repaired, which nobody sees from outside: to the end of the run.</summary>
    private void FlipBits(SimulatedMachine machine, CrashableDisk disk, SeededRandom random)
    {
        DiskFileInfo[] files = [.. disk.List().Where(file => file.Length > 0)];
        if (files.Length == 0 || !machines.MayHoldData(machine) || (!MayLoseData && !_corrupted.Contains(machine.Id)))
            return;
        _corrupted.Add(machine.Id);
        losses.Lost(machine.Id, queue.NowMicros);
        DiskFileInfo file = files[random.Below(files.Length)];
        disk.FlipBits(file.Name, 0, file.Length, 1 + random.Below(20), random);
    }

    private bool MayLoseData => settings.ReplicationFactor > 1 && machines.All.All(machine => !losses.IsLost(machine.Id));

    private void JumpClock(Fault fault, SimulatedMachine machine, long milliseconds)
    {
        machine.Clock.Jump(milliseconds);
        ObserveClocks();
        Undo(fault, () =>
        {
            ObserveClocks();
            machine.Clock.Jump(-milliseconds);
            ObserveClocks();
        });
    }

    private void Flap(Fault fault, int from, int to, SeededRandom random, int left)
    {
        if (_healed || left == 0)
        {
            HealBoth(from, to);
            return;
        }
        if (left % 2 == 0)
            HealBoth(from, to);
        else
            CutBoth(from, to);
        queue.After(random.Between(1_000, 1_500_000), FaultLabel | (uint)fault.Number, () => Flap(fault, from, to, random, left - 1));
    }

    private void CutBoth(int left, int right)
    {
        network.Cut(left, right);
        network.Cut(right, left);
    }

    private void HealBoth(int left, int right)
    {
        network.Heal(left, right);
        network.Heal(right, left);
    }

    private void Rejoin(int address)
    {
        foreach (SimulatedMachine other in machines.All)
            HealBoth(address, ClusterContext.PeerAddress(other.Id));
    }

    private void StartAll()
    {
        foreach (SimulatedMachine machine in machines.All)
            machine.Start();
    }

    private static void HealDisk(CrashableDisk disk)
    {
        disk.CapacityBytes = long.MaxValue;
        disk.HealReads();
        disk.HealSyncs();
    }

    /// <summary>A process that was about to end when all was healed ends only now.</summary>
    private void StartAfter(Fault fault, SimulatedMachine machine)
    {
        if (_healed)
            machine.Start();
        else
            Undo(fault, machine.Start);
    }

    private void Undo(Fault fault, Action action) => queue.After(fault.DurationMicros, FaultLabel | (uint)fault.Number, () =>
    {
        if (!_healed)
            action();
    });
}
