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

/// <summary>What a shard remembers of its copies, across restarts.</summary>
public sealed class CompletenessTests
{
    private static readonly Instant Now = new(1_000_000, 1_800_000_000_000);
    private readonly CrashableDisk _disk = new();
    private readonly StorageOptions _options = new()
    {
        SegmentBytes = 1 << 14,
        ResidentBytesMax = 1 << 15,
        DirectoryBytesMax = 16 << 20,
        MaintenanceStepBytes = 1 << 12,
        ReservedSegments = 0,
        Durability = Durability.Always,
    };

    [Fact]
    public void A_restarted_shard_has_saved_what_it_is_before_it_serves()
    {
        (Shard first, _) = Open();
        first.Store.AppendedOffset.ShouldBeGreaterThan(0);
        Stop(first.Store);

        (Shard second, Outbox outbox) = Open();
        outbox.ColdReads.ShouldBeEmpty("a host need not run what is asked for before it serves");
        second.Store.Statistics.AppendedBytesTotal.ShouldBeGreaterThan(0);
        outbox.Barrier.ShouldBe(second.Store.AppendedOffset);
        Stop(second.Store);
    }

    /// <summary>The turn in which a host lets a shard append, before anybody can ask it.</summary>
    private (Shard Shard, Outbox Outbox) Open()
    {
        var self = new NodeInfo(0, "n:1", "n", 1, 1, "dc", "", 1, 5);
        var settings = new FormationSettings(
            ["n:1"], 16, 1, [.. Enumerable.Range(0, 16).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))]);
        var node = new TorcNode(new NodeIdentity(self, 1, null, 1), settings, new NodeOptions(), RespLimits.Default, new TestSurroundings(), TorcNode.MakeCommandTable());
        ShardStore.Open(_disk, _options, Now, out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened);
        Shard shard = node.OpenShard(0, store!, report, _disk, _options);
        var outbox = new Outbox();
        shard.BeginTurn(Now, outbox);
        shard.EndTurn();
        return (shard, outbox);
    }

    private void Stop(ShardStore store)
    {
        store.CloseClean().ShouldBe(PutOutcome.Done);
        FlushGroup group = store.BeginFlush(Now)!;
        group.Run(_disk);
        store.EndFlush(group);
        store.Dispose();
    }
}
