using Torc.Base;

namespace Torc.Simulator.Faults;

public enum FaultKind
{
    /// <summary>The process is killed and started again later.</summary>
    Kill,

    /// <summary>The process is asked to end, does so cleanly, and is started again later.</summary>
    Stop,

    /// <summary>One machine loses power.</summary>
    PowerLoss,

    /// <summary>All machines lose power at once.</summary>
    PowerLossEverywhere,

    /// <summary>A machine comes back with empty disks.</summary>
    Wipe,

    /// <summary>A process does nothing for a while (SIGSTOP, a long collection, a migrating virtual machine).</summary>
    Pause,

    /// <summary>Nothing gets from one node to another; the other direction works.</summary>
    CutOneWay,
    CutBothWays,

    /// <summary>A node loses all its peers; clients still reach it.</summary>
    Isolate,

    /// <summary>A link comes and goes.</summary>
    Flap,
    SlowLink,

    /// <summary>Connections of a node break, with what is under way.</summary>
    BreakConnections,
    ClockJump,
    DiskFull,
    SyncFailure,
    ReadFailure,

    /// <summary>Bits on a disk turn.</summary>
    FlipBits,

    /// <summary>A machine's disks answer late.</summary>
    SlowDisk,
}

/// <summary>One thing that goes wrong. <see cref="Seed"/> gives it random numbers of its own, so that leaving others out does not change it.</summary>
public sealed record Fault(int Number, FaultKind Kind, long AtMicros, long DurationMicros, int Node, int OtherNode, ulong Seed)
{
    public override string ToString() =>
        $"{Number}: {AtMicros / 1e6:F3} s {Kind} node {Node}, other {OtherNode}, for {DurationMicros / 1e6:F3} s";

    /// <summary>The faults of a run, in order of time.</summary>
    public static IReadOnlyList<Fault> Plan(FaultOptions options, SeededRandom random, int nodes, long durationMicros)
    {
        var faults = new List<Fault>();
        for (long at = 0; ;)
        {
            at += 1 + (long)(-Math.Log(1 - random.Unit()) * options.IntervalMeanMicros);
            if (at >= durationMicros)
                return faults;
            int node = random.Below(nodes);
            faults.Add(new Fault(
                faults.Count,
                options.Kinds[random.Below(options.Kinds.Count)],
                at,
                random.Between(10_000, options.DurationMicrosMax),
                node,
                nodes == 1 ? node : (node + 1 + random.Below(nodes - 1)) % nodes,
                random.Next()));
        }
    }
}
