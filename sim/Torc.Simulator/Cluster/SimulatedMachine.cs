using System.Collections.Immutable;
using System.Globalization;
using Torc.Base;
using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Simulator.Disks;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;

namespace Torc.Simulator.Cluster;

/// <summary>A copy of a machine's data directory; to be put back once.</summary>
internal sealed record DataCopy(IReadOnlyList<CrashableDisk> Disks, ClusterMap? Map);

/// <summary>
/// A machine with disks, clocks and at most one running process. What its data directory says of the node (birth, starts, map) is kept
/// here as durable values; Server writes and syncs them before use.
/// </summary>
internal sealed class SimulatedMachine
{
    private const long BootMicrosMin = 5_000;
    private const long BootMicrosMax = 300_000;
    private readonly ClusterContext _context;
    private readonly Queue<Action> _inbox = new();
    private ushort _starts;
    private uint _birth;
    private bool _hasStarted;
    private bool _isPaused;
    private bool _isDraining;

    public SimulatedMachine(int id, ClusterContext context, SeededRandom random)
    {
        Id = id;
        _context = context;
        Random = random;
        Clock = new NodeClock(context.Queue, ClusterContext.EpochWallMs);
        Clock.SetDrift(random.Between(-context.Settings.DriftPartsPerMillionMax, context.Settings.DriftPartsPerMillionMax + 1));
        Clock.Jump(random.Between(-context.Settings.InitialSkewMsMax, context.Settings.InitialSkewMsMax + 1));
        Disks = [];
        MakeDataDirectory();
    }

    public int Id { get; }

    public SeededRandom Random { get; }

    public NodeClock Clock { get; }

    /// <summary>One directory per shard.</summary>
    public IReadOnlyList<CrashableDisk> Disks { get; private set; }

    public ClusterMap? PersistedMap { get; set; }

    public AcceptorState? SavedVote { get; set; }

    /// <summary>The running process; null while the machine is down or starting.</summary>
    public NodeHost? Host { get; private set; }

    /// <summary>What the process that runs, or ran last, was told.</summary>
    public byte LevelMax { get; private set; } = ClusterLevel.Newest;

    /// <summary>Of its data directory: another one after a wipe.</summary>
    public ulong Birth => _birth;

    /// <summary>It was started once. A spare machine is not there for anybody.</summary>
    public bool IsInstalled { get; private set; }

    /// <summary>It was given up, and does not run.</summary>
    public bool IsRetired { get; private set; }

    /// <summary>Its data directory never held a map, or was lost.</summary>
    public bool IsBlank => PersistedMap is null;

    /// <summary>Stopped itself because a disk failed; what the page cache shows is not to be trusted, so it loses power before it starts again.</summary>
    public bool StoppedOnDiskFailure { get; private set; }

    public static NodeInfo Describe(int id, int dataCentres, ulong birth) => new(
        (ushort)id, AddressOf(id), $"10.0.0.{id.ToString(CultureInfo.InvariantCulture)}", 6379, 8379,
        DataCentreOf(id, dataCentres), "", 1, birth);

    public static string DataCentreOf(int id, int dataCentres) => $"dc{(id % dataCentres).ToString(CultureInfo.InvariantCulture)}";

    public static string AddressOf(int id) => $"10.0.0.{id.ToString(CultureInfo.InvariantCulture)}:7379";

    /// <summary>The inverse of <see cref="AddressOf"/>.</summary>
    public static int IdOf(string address) => int.Parse(address.AsSpan("10.0.0.".Length, address.IndexOf(':') - "10.0.0.".Length), CultureInfo.InvariantCulture);

    public void Install()
    {
        IsInstalled = true;
        Start();
    }

    /// <summary>Killed, paused or not, and out of service for good, or until <see cref="Return"/>.</summary>
    public void Retire()
    {
        Kill();
        IsRetired = true;
    }

    /// <summary>Back in service, with the disks that it had.</summary>
    public void Return()
    {
        IsRetired = false;
        Start();
    }

    /// <summary>Boots after a while; nothing when it is running or booting, spare or retired.</summary>
    public void Start()
    {
        if (Host is not null || !IsInstalled || IsRetired)
            return;
        int starts = _starts;
        _context.Queue.After(Random.Between(BootMicrosMin, BootMicrosMax), ClusterContext.Label(Id), () => WhenAwake(() =>
        {
            if (Host is null && starts == _starts && !IsRetired)
                Boot();
        }));
    }

    /// <summary>The process is killed; the page cache stays.</summary>
    public void Kill()
    {
        if (Host is { } host)
            CutDiskWorkShort(host);
        Exit();
    }

    /// <summary>The process is asked to end; nothing when there is none. It may be killed before it has ended.</summary>
    /// <param name="ended">Called when it has.</param>
    public void BeginStopping(Action ended) => Host?.BeginStopping(() =>
    {
        Exit();
        ended();
    });

    public void LosePower(CrashOptions options)
    {
        if (Host is { } host)
        {
            CutDiskWorkShort(host);
            StopProcess(host, end => end.Abandon());
        }
        foreach (CrashableDisk disk in Disks)
            disk.Crash(Random, options);
        StoppedOnDiskFailure = false;
        _inbox.Clear();
        _isPaused = false;
    }

    /// <summary>The machine comes back with empty disks.</summary>
    public void Wipe()
    {
        LosePower(new CrashOptions { Mode = CrashMode.DropUnsynced });
        MakeDataDirectory();
    }

    /// <summary>What is on its disks now, as who copies files sees it. Nothing may run.</summary>
    public DataCopy CopyData()
    {
        Check.That(Host is null);
        return new DataCopy([.. Disks.Select(disk => disk.CrashClone(Random, new CrashOptions { Mode = CrashMode.KeepAll }))], PersistedMap);
    }

    /// <summary>Its data directory becomes as it was when it was copied; the seeds of its incarnations are still drawn anew.</summary>
    public void PutBack(DataCopy copy)
    {
        Check.That(Host is null);
        Disks = copy.Disks;
        PersistedMap = copy.Map;
    }

    public void StopOnDiskFailure()
    {
        _context.Observer.OnDiskFailed(Id);
        Exit();
        StoppedOnDiskFailure = true;
    }

    /// <summary>Nothing runs, but clocks go on, disks keep their state and bytes that arrive wait.</summary>
    public void Pause() => _isPaused = true;

    public void Resume()
    {
        _isPaused = false;
        Drain();
    }

    public void WhenAwake(Action action)
    {
        if (_isPaused || _isDraining)
            _inbox.Enqueue(action);
        else
            action();
    }

    /// <summary>What every disk operation takes longer than it should.</summary>
    public long ExtraDiskMicros { get; set; }

    public long DrawDiskMicros(DiskWork work)
    {
        double exponential = -Math.Log(1 - Random.Unit()) * _context.Settings.DiskMicrosMean;
        long micros = _context.Settings.DiskMicrosMin + (long)exponential + ExtraDiskMicros;
        ImmutableArray<long> extra = _context.Settings.ExtraDiskMicros;
        micros += Id < extra.Length ? extra[Id] : 0;
        return work == DiskWork.Read ? micros / 3 : micros;
    }

    private void Drain()
    {
        _isDraining = true;
        while (!_isPaused && _inbox.TryDequeue(out Action? action))
            action();
        _isDraining = false;
    }

    private void Boot()
    {
        if (StoppedOnDiskFailure)
            LosePower(new CrashOptions { Mode = CrashMode.DropUnsynced });
        _starts++;
        ulong incarnation = ((ulong)_birth << 16) | (_context.Defect == Defect.ActorReused ? (ushort)1 : _starts);
        NodeInfo self = Describe(Id, _context.Settings.DataCentres, _birth) with { Id = FindNodeId() };
        var identity = new NodeIdentity(self, incarnation, PersistedMap, _context.Settings.Shards, _context.Defect == Defect.VoteForgotten ? null : SavedVote);
        LevelMax = _context.Settings.IsUpgraded && !_hasStarted && Id < _context.Formation.FirstNodes.Count ? ClusterLevel.Oldest : ClusterLevel.Newest;
        _hasStarted = true;
        Host = NodeHost.TryStart(this, _context, identity, _context.FormationOf(this));
        if (Host is not { } host)
            return;
        _context.Observer.OnNodeStarted(Id, host.Node);
        host.Serve();
    }

    /// <summary>As Server finds it: by birth in the map of an earlier run, else the place among the first nodes, else none.</summary>
    private ushort FindNodeId()
    {
        ushort fallback = _context.FormationOf(this).FirstNodes.Count > 0 ? (ushort)Id : NodeInfo.NoId;
        foreach (RemovedNode removed in PersistedMap?.Removed ?? [])
        {
            if (removed.Birth == _birth)
                return removed.Id;
        }
        NodeInfo? listed = PersistedMap?.Nodes.FirstOrDefault(node => node.Birth == _birth) ?? PersistedMap?.Nodes.FirstOrDefault(node => node.PeerAddress == AddressOf(Id));
        return listed?.Id ?? fallback;
    }

    private void Exit()
    {
        if (Host is not { } host)
            return;
        StopProcess(host, end => end.Close());
        foreach (CrashableDisk disk in Disks)
            disk.Restart();
    }

    private void CutDiskWorkShort(NodeHost host)
    {
        foreach (ShardHost shard in host.Shards)
            shard.RunPartOfDiskWork(Random);
    }

    private void StopProcess(NodeHost host, Action<ConnectionEnd> close)
    {
        Host = null;
        host.Stop();
        _inbox.Clear();
        int[] addresses = [ClusterContext.PeerAddress(Id), ClusterContext.ClientAddress(Id)];
        foreach (int address in addresses)
            _context.Network.StopListening(address);
        foreach (ConnectionEnd end in _context.Network.OpenEnds.Where(end => addresses.Contains(end.Host)).ToArray())
            close(end);
    }

    private void MakeDataDirectory()
    {
        uint birth = (uint)Random.Next();
        if (_birth == 0 || _context.Defect != Defect.WipeUnnoticed)
            _birth = birth;
        _starts = 0;
        PersistedMap = null;
        SavedVote = null;
        Disks = Enumerable.Range(0, _context.Settings.Shards).Select(_ => new CrashableDisk { SyncsAreLies = _context.Defect == Defect.LyingDisk }).ToArray();
    }
}
