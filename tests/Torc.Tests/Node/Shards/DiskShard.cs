using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Protocols.Resp;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Node.Shards;

/// <summary>The only shard of a node that collects no tombstones, and whose peers, if it has any, are down, and one partition, on a simulated disk: most of its store is not in memory.</summary>
internal sealed class DiskShard
{
    public static readonly Instant Now = new(1_000_000, 1_800_000_000_000);

    private static readonly KeyspaceSettings[] Keyspaces =
        [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))];

    private readonly StorageOptions _options;

    public DiskShard(Durability durability = Durability.Always) => _options = new StorageOptions
    {
        SegmentBytes = 1 << 14,
        ResidentBytesMax = 1 << 15,
        DirectoryBytesMax = 16 << 20,
        MaintenanceStepBytes = 1 << 12,
        ReservedSegments = 0,
        Durability = durability,
    };

    public CrashableDisk Disk { get; } = new();

    public ShardStore OpenStore() => OpenStore(out _);

    /// <summary>What was appended is on the disk afterwards.</summary>
    /// <param name="store">Of a shard.</param>
    /// <param name="clean">False: the process ends as it is.</param>
    public void Stop(ShardStore store, bool clean = true)
    {
        if (clean)
            store.CloseClean().ShouldBe(PutOutcome.Done);
        FlushGroup group = store.BeginFlush(Now)!;
        group.Run(Disk);
        store.EndFlush(group);
        store.Dispose();
    }

    /// <summary>Opens the store and the shard over it, and runs the turn in which a host lets it append before anybody can ask it.</summary>
    /// <param name="nodes">Of the map, all of them replicas, this one the first; 0: the node has no map yet.</param>
    /// <param name="meanwhile">What happens when the store is open and the shard is not.</param>
    public (Shard Shard, Outbox Outbox) Open(int nodes, Action? meanwhile = null)
    {
        NodeInfo[] members = [.. Enumerable.Range(0, Math.Max(nodes, 1)).Select(static id => new NodeInfo((ushort)id, $"n:{id + 1}", "n", 1, 1, "dc", "", 1, 5ul + (ulong)id))];
        ClusterMap? map = nodes == 0 ? null : Planner.Create(members, 1, CopiesWanted.Spread(nodes), Keyspaces, out _);
        var settings = new FormationSettings([.. members.Select(static node => node.PeerAddress)], 1, members.Length, Keyspaces);
        var node = new TorcNode(new NodeIdentity(members[0], 1, map, 1), settings, new NodeOptions { TombstoneAgeMs = 0 }, RespLimits.Default, new TestSurroundings(), TorcNode.MakeCommandTable());
        if (map is not null)
            node.Control.Start(Now, new Outbox());
        ShardStore store = OpenStore(out RecoveryReport report);
        meanwhile?.Invoke();
        Shard shard = node.OpenShard(0, store, report, Disk, _options);
        var outbox = new Outbox();
        shard.BeginTurn(Now, outbox);
        if (map is not null)
            shard.OnViewChanged(node.View);
        shard.EndTurn();
        return (shard, outbox);
    }

    private ShardStore OpenStore(out RecoveryReport report)
    {
        ShardStore.Open(Disk, _options, Now, out ShardStore? store, out report).ShouldBe(OpenOutcome.Opened);
        return store!;
    }
}
