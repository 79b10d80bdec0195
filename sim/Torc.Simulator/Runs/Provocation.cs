using Torc.Core.Replication;
using Torc.Simulator.Changes;
using Torc.Simulator.Faults;
using Torc.Storage;

namespace Torc.Simulator.Runs;

/// <summary>
/// The settings and faults that make a deliberate defect show, often: three replicas that meet quorums, slow disks, skewed clocks, busy clients, and few kinds of
/// faults, close together. Without the defect a run with them has to pass like any other.
/// </summary>
internal static class Provocation
{
    private const long SecondMicros = 1_000_000;

    public static RunSettings Of(Defect defect, RunSettings drawn) => defect switch
    {
        Defect.None => drawn,
        Defect.ReplyBeforeSync or Defect.LyingDisk or Defect.AckBeforeSync => Strict(drawn, FaultKind.PowerLossEverywhere),
        Defect.ReplyBeforeWrite => BeforeWrite(drawn),
        Defect.ReadBeforeSync => Alone(Strict(drawn, FaultKind.PowerLoss)),
        Defect.WipeUnnoticed or Defect.RootsAlwaysMatch => Strict(drawn, FaultKind.Wipe),
        Defect.IncompleteCounts => Hasty(Strict(drawn, FaultKind.Wipe)),
        Defect.OutrankedIsApplied => Strict(drawn, FaultKind.Pause, FaultKind.CutOneWay, FaultKind.BreakConnections),
        Defect.WeakReads or Defect.DigestAlwaysMatches => Strict(drawn, FaultKind.CutBothWays, FaultKind.Isolate, FaultKind.Pause),
        Defect.HintCountedInStrict => Hints(drawn, FaultKind.Isolate, FaultKind.Kill),
        // With two copies a write that meets one replica that is down is on its coordinator and a fallback only.
        Defect.HintDroppedBeforeAck => Hints(drawn, FaultKind.Kill, FaultKind.Kill, FaultKind.Isolate, FaultKind.Wipe) with { Copies = 2, Sloppy = true },
        Defect.RepairRestamps => Apart(drawn),
        Defect.LateAckCounts => Late(drawn),
        Defect.RepairNotStored => HalfWritten(drawn),
        Defect.ExpiryStampedAfresh => Deadlines(drawn),
        Defect.UnreadableIsNotFound => Hasty(Unreadable(drawn)),
        Defect.ActorReused => Restarts(drawn),
        Defect.TombstoneDroppedEarly => Deletes(drawn),
        Defect.StaleEpochAccepted => Moves(drawn, FaultKind.CutOneWay, FaultKind.Pause, FaultKind.SlowLink),
        Defect.QuorumInOneSet => Moves(drawn, FaultKind.Isolate, FaultKind.CutOneWay),
        Defect.VoteForgotten => Elections(drawn),
        Defect.FloorForgotten => Flushes(drawn),
        Defect.RemovedNotFenced => Returns(drawn),
        _ => Strict(drawn, FaultKind.Kill),
    };

    private static RunSettings Strict(RunSettings drawn, params FaultKind[] kinds) => drawn with
    {
        Changes = ChangeOptions.None,
        Nodes = 3,
        DataCentres = 1,
        Copies = 3,
        Sloppy = false,
        ReadLevel = ConsistencyLevel.Quorum,
        WriteLevel = ConsistencyLevel.Quorum,
        InitialSkewMsMax = 1_500,
        Storage = drawn.Storage with { Durability = Durability.Always },
        Faults = new FaultOptions { Kinds = kinds, IntervalMeanMicros = 3 * SecondMicros / 2, DurationMicrosMax = SecondMicros / 2 },
        Workload = drawn.Workload with { PauseMeanMicros = 10_000, Clients = 8, OtherLevelShare = 0, KeyLifeMicros = 3 * SecondMicros },
        DiskMicrosMin = 5_000,
        DiskMicrosMean = 20_000,
    };

    /// <summary>A kill takes one node's unwritten log only: with more nodes, others hold what it lost.</summary>
    private static RunSettings BeforeWrite(RunSettings drawn)
    {
        RunSettings alone = Alone(Strict(drawn, FaultKind.Kill));
        return alone with { Storage = alone.Storage with { Durability = Durability.OperatingSystem } };
    }

    private static RunSettings Alone(RunSettings settings) => settings with { Nodes = 1, Copies = 1 };

    /// <summary>A copy that was incomplete for long has been so throughout a request when requests are short.</summary>
    private static RunSettings Hasty(RunSettings settings) => settings with { Node = settings.Node with { OperationTimeoutMs = 300 } };

    private static RunSettings Hints(RunSettings drawn, params FaultKind[] kinds)
    {
        RunSettings strict = Strict(drawn, kinds);
        return strict with
        {
            Nodes = 5,
            Faults = strict.Faults with { DurationMicrosMax = 5 * SecondMicros },
            Workload = strict.Workload with { KeyLifeMicros = 700_000 },
        };
    }

    /// <summary>Replicas miss writes for a while, and messages are late.</summary>
    private static RunSettings Apart(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.SlowLink, FaultKind.CutOneWay, FaultKind.CutBothWays, FaultKind.Pause);
        return strict with
        {
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 2, DurationMicrosMax = SecondMicros },
            DiskMicrosMin = 500,
            DiskMicrosMean = 2_000,
        };
    }

    /// <summary>Acknowledgements are on their way for long, and meanwhile no more writes get through.</summary>
    private static RunSettings Late(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.SlowLink, FaultKind.CutOneWay);
        return strict with
        {
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 4, DurationMicrosMax = 2 * SecondMicros },
            DiskMicrosMin = 500,
            DiskMicrosMean = 2_000,
        };
    }

    /// <summary>Writes reach one replica only, and reads bring them to the others.</summary>
    private static RunSettings HalfWritten(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.BreakConnections, FaultKind.BreakConnections, FaultKind.CutBothWays);
        return strict with
        {
            Partitions = 32,
            WriteLevel = ConsistencyLevel.One,
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 4, DurationMicrosMax = SecondMicros / 5 },
            Workload = strict.Workload with
            {
                Keys = 3,
                PauseMeanMicros = 3_000,
                ReadWeight = 10,
                WriteWeight = 10,
                DeleteWeight = 0,
                WriteIfAbsentWeight = 0,
                AppendWeight = 0,
                ExpireWeight = 0,
            },
            DiskMicrosMin = 500,
            DiskMicrosMean = 2_000,
        };
    }

    private static RunSettings Deadlines(RunSettings drawn)
    {
        RunSettings apart = Apart(drawn);
        return apart with { Workload = apart.Workload with { ExpireWeight = 20, WriteWeight = 10, ReadWeight = 20, DeleteWeight = 0, KeyLifeMicros = 10 * SecondMicros } };
    }

    private static RunSettings Unreadable(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.FlipBits, FaultKind.FlipBits, FaultKind.FlipBits, FaultKind.Isolate, FaultKind.CutBothWays);
        return strict with
        {
            Storage = strict.Storage with { SegmentBytes = 1 << 14, ResidentBytesMax = 1 << 15 },
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 15 },
            Workload = strict.Workload with { ValueBytesMax = 3_000, Keys = 20, KeyLifeMicros = 10 * SecondMicros },
            DiskMicrosMin = 100,
            DiskMicrosMean = 500,
        };
    }

    /// <summary>Clocks go back, and logs lose what was stamped last.</summary>
    private static RunSettings Restarts(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.ClockJump, FaultKind.PowerLossEverywhere);
        return strict with { Partitions = 1, Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 2, DurationMicrosMax = 2 * SecondMicros } };
    }

    /// <summary>Nodes come and go all the time.</summary>
    private static RunSettings Moves(RunSettings drawn, params FaultKind[] kinds)
    {
        RunSettings strict = Strict(drawn, kinds);
        return strict with
        {
            Nodes = 4,
            Partitions = 16,
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 2, DurationMicrosMax = 2 * SecondMicros },
            Changes = new ChangeOptions { Kinds = [ChangeKind.Join, ChangeKind.Leave, ChangeKind.Replace], IntervalMeanMicros = SecondMicros, NodesMin = 3, NodesMax = 6 },
            Workload = strict.Workload with { KeyLifeMicros = 10 * SecondMicros },
            DiskMicrosMin = 500,
            DiskMicrosMean = 2_000,
        };
    }

    /// <summary>Nodes that were removed come back as the replicas that they were, and clients ask them for what one replica may answer.</summary>
    private static RunSettings Returns(RunSettings drawn)
    {
        RunSettings moves = Moves(drawn, FaultKind.Pause, FaultKind.SlowLink);
        return moves with
        {
            Nodes = 5,
            Changes = moves.Changes with { Kinds = [ChangeKind.Join, ChangeKind.Remove], DeadReturn = true },
            Workload = moves.Workload with { OtherLevelShare = 0.5 },
        };
    }

    /// <summary>Voters are killed between their votes and the maps that come of them.</summary>
    private static RunSettings Elections(RunSettings drawn)
    {
        RunSettings moves = Moves(drawn, FaultKind.Kill);
        return moves with
        {
            Faults = moves.Faults with { IntervalMeanMicros = SecondMicros / 5, DurationMicrosMax = SecondMicros / 10 },
            DiskMicrosMin = 10_000,
            DiskMicrosMean = 30_000,
        };
    }

    /// <summary>A replica restarts while rows that a flush covers are still there.</summary>
    private static RunSettings Flushes(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.Kill, FaultKind.Isolate);
        return strict with
        {
            Faults = strict.Faults with { IntervalMeanMicros = SecondMicros / 2 },
            Workload = strict.Workload with { FlushingShare = 1, FlushShare = 0.05, KeyLifeMicros = 20 * SecondMicros },
        };
    }

    /// <summary>A replica is away for longer than tombstones are kept.</summary>
    private static RunSettings Deletes(RunSettings drawn)
    {
        RunSettings strict = Strict(drawn, FaultKind.Isolate, FaultKind.Kill, FaultKind.Pause);
        return strict with
        {
            Faults = strict.Faults with { DurationMicrosMax = 3 * SecondMicros },
            Workload = strict.Workload with { DeleteWeight = 10, WriteWeight = 10, KeyLifeMicros = 20 * SecondMicros },
        };
    }
}
