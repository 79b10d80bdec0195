using System.Collections.Immutable;
using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Simulator.Changes;
using Torc.Simulator.Clients;
using Torc.Simulator.Cluster;
using Torc.Simulator.Faults;
using Torc.Simulator.Network;
using Torc.Storage;

namespace Torc.Simulator.Runs;

/// <summary>Everything about a run that its seed decides before it starts. Drawn at random so that no default is relied on.</summary>
public sealed record RunSettings
{
    public int Nodes { get; init; } = 3;

    /// <summary>Of each key: one number, spread over the data centres, or a number for each.</summary>
    public CopiesWanted Copies { get; init; } = 3;

    /// <summary>Copies of each key, in all.</summary>
    public int ReplicationFactor => Copies.Total;

    /// <summary>Node i is in number i mod this.</summary>
    public int DataCentres { get; init; } = 1;

    public int Partitions { get; init; } = 8;

    public int Shards { get; init; } = 2;

    public ConsistencyLevel ReadLevel { get; init; } = ConsistencyLevel.Quorum;

    public ConsistencyLevel WriteLevel { get; init; } = ConsistencyLevel.Quorum;

    /// <summary>Whether hints count towards the level of plain writes.</summary>
    public bool Sloppy { get; init; }

    public NodeOptions Node { get; init; } = new() { TracesPromises = true };

    public StorageOptions Storage { get; init; } = new();

    public NetworkOptions Network { get; init; } = new();

    public WorkloadOptions Workload { get; init; } = new();

    public FaultOptions Faults { get; init; } = new();

    /// <summary>Changes of the cluster's members and settings that an operator asks for meanwhile.</summary>
    public ChangeOptions Changes { get; init; } = ChangeOptions.None;

    /// <summary>Shortest time of a write with sync, in microseconds; a read takes a third.</summary>
    public long DiskMicrosMin { get; init; } = 100;

    /// <summary>Mean of the exponential part on top, in microseconds.</summary>
    public long DiskMicrosMean { get; init; } = 400;

    /// <summary>By node: how much longer each operation of its disks takes, in microseconds. Nodes beyond its end have none.</summary>
    public ImmutableArray<long> ExtraDiskMicros { get; init; } = [];

    /// <summary>Wall clocks start at most this wrong, either way, in milliseconds.</summary>
    public long InitialSkewMsMax { get; init; } = 50;

    public long DriftPartsPerMillionMax { get; init; } = 100;

    /// <summary>The first nodes begin at the oldest level that this version knows, and know all levels from their second start on: an upgrade, node by node.</summary>
    public bool IsUpgraded { get; init; }

    /// <summary>Whether links open with proofs of a cluster secret.</summary>
    public bool HasClusterSecret { get; init; }

    /// <summary>Whether a power loss can take back what was acknowledged.</summary>
    public bool PowerLossLosesData => Storage.Durability != Durability.Always;

    private const double ChangesShare = 0.33;
    private const double CopiesByDataCentreShare = 0.5;
    private const int CopiesInDataCentreMax = 3;

    /// <summary>The same settings for the same seed.</summary>
    /// <param name="root">Of the run.</param>
    /// <param name="changes">Changes of the cluster in every run, not only with some seeds.</param>
    public static RunSettings Draw(SeededRandom root, bool changes = false)
    {
        SeededRandom random = root.Fork("settings");
        int nodes = random.Chance(0.7) ? 3 : 1 + random.Below(5);
        int dataCentres = 1;
        SeededRandom places = root.Fork("data centres");
        if (places.Chance(0.25))
        {
            dataCentres = 2 + places.Below(2);
            nodes = Math.Max(nodes, dataCentres + places.Below(4));
        }
        ConsistencyLevel[] across = [ConsistencyLevel.Quorum, ConsistencyLevel.LocalQuorum, ConsistencyLevel.EachQuorum];
        SeededRandom spare = root.Fork("spare nodes");
        SeededRandom operators = root.Fork("changes");
        bool hasChanges = operators.Chance(ChangesShare) || changes;
        int copies = Math.Min(nodes, random.Chance(0.8) ? 3 : 1 + random.Below(5));
        nodes += spare.Chance(0.35) ? 1 + spare.Below(2) : 0;
        bool isUpgraded = root.Fork("upgrade").Chance(0.3);
        SeededRandom apart = root.Fork("copies");
        // The oldest level knows one number only.
        bool areApart = dataCentres > 1 && !isUpgraded && apart.Chance(CopiesByDataCentreShare);
        return new RunSettings
        {
            Nodes = nodes,
            Sloppy = spare.Chance(0.6),
            DataCentres = dataCentres,
            Copies = areApart ? DrawCopies(apart, [.. Enumerable.Range(0, nodes).CountBy(node => node % dataCentres).Select(centre => (SimulatedMachine.DataCentreOf(centre.Key, dataCentres), centre.Value))]) : copies,
            ReadLevel = dataCentres == 1 ? ConsistencyLevel.Quorum : across[places.Below(across.Length)],
            WriteLevel = dataCentres == 1 ? ConsistencyLevel.Quorum : across[places.Below(across.Length)],
            Partitions = 1 << random.Below(6),
            Shards = 1 + random.Below(3),
            Node = DrawNode(random.Fork("node")),
            Storage = DrawStorage(random.Fork("storage")),
            Network = NetworkOptions.Draw(random.Fork("network")),
            Workload = WorkloadOptions.Draw(random.Fork("workload")),
            Faults = FaultOptions.Draw(random.Fork("faults")),
            Changes = hasChanges ? ChangeOptions.Draw(operators) : ChangeOptions.None,
            DiskMicrosMin = random.Between(20, 500),
            DiskMicrosMean = random.Chance(0.2) ? random.Between(1_000, 20_000) : random.Between(50, 1_000),
            InitialSkewMsMax = random.Chance(0.3) ? 0 : random.Between(1, 1_500),
            DriftPartsPerMillionMax = random.Between(0, 500),
            HasClusterSecret = random.Chance(0.5),
            IsUpgraded = isUpgraded,
        };
    }

    /// <summary>A number for each data centre, of which it has so many nodes; some keep none.</summary>
    internal static CopiesWanted DrawCopies(SeededRandom random, IReadOnlyList<(string Name, int Nodes)> dataCentres)
    {
        int sure = random.Below(dataCentres.Count);
        var drawn = new List<DataCentreCopies>();
        for (int index = 0; index < dataCentres.Count; index++)
        {
            (string name, int nodes) = dataCentres[index];
            int copies = (int)random.Between(index == sure ? 1 : 0, Math.Min(nodes, CopiesInDataCentreMax) + 1);
            if (copies > 0)
                drawn.Add(new DataCentreCopies(name, copies));
        }
        return CopiesWanted.Of(drawn, out string problem) ?? throw new InvariantException(problem);
    }

    private static NodeOptions DrawNode(SeededRandom random) => new()
    {
        TracesPromises = true,
        OperationTimeoutMs = (int)random.Between(300, 3_000),
        ForwardTimeoutMs = (int)random.Between(3_000, 4_000),
        SpeculativeReadMs = (int)random.Between(10, 200),
        RestampsMax = (int)random.Between(2, 10),
        ExchangesMax = 1 + random.Below(6),
        ExchangeRowsPerRange = (int)random.Between(4, 300),
        ExchangeTimeoutMs = (int)random.Between(300, 3_000),
        ExpiryRecordsPerTickMax = (int)random.Between(8, 512),
        HeartbeatIntervalMs = (int)random.Between(50, 600),
        PeerSilenceMs = (int)random.Between(1_000, 4_000),
        TickIntervalMs = (int)random.Between(10, 40),
        GossipIntervalMs = (int)random.Between(200, 1_500),
        ProbeTimeoutMs = (int)random.Between(100, 1_000),
        IndirectProbes = random.Below(4),
        HeartbeatPeersMax = 2 + random.Below(16),
        RepairBytesPerSecondMax = random.Chance(0.3) ? random.Between(20_000, 1 << 20) : 64 << 20,
        HintBytesPerTargetMax = random.Chance(0.2) ? random.Between(0, 8 << 10) : 1 << 30,
        HintLifetimeMs = random.Chance(0.2) ? random.Between(500, 10_000) : 3_600_000,
        HintReplaysMax = (int)random.Between(1, 64),
        HintReplayBytesPerTickMax = (int)random.Between(1, 64 << 10),
        HintRetryMs = (int)random.Between(50, 2_000),
        HintRefusalMs = (int)random.Between(50, 2_000),
        RelaysWrites = random.Chance(0.85),
        RelayTimeoutMs = (int)random.Between(20, 400),
        TombstoneAgeMs = random.Chance(0.15) ? 3_600_000 : random.Between(100, 10_000),
        FloorTimeoutMs = (int)random.Between(8_000, 30_000),
    };

    private static StorageOptions DrawStorage(SeededRandom random) => new()
    {
        SegmentBytes = 1 << (int)random.Between(13, 18),
        ResidentBytesMax = random.Between(64 << 10, 4 << 20),
        Durability = random.Chance(0.7) ? Durability.Always : random.Chance(0.5) ? Durability.EverySecond : Durability.OperatingSystem,
        CompactionLiveRatioMax = 0.2 + random.Unit() * 0.6,
        MaintenanceStepBytes = (int)random.Between(4 << 10, 64 << 10),
        UnflushedBytesMax = random.Between(32 << 10, 1 << 20),
    };
}
