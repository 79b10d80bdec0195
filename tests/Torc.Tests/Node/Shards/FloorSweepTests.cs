using System.Text;
using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Protocols.Resp;
using Torc.Simulator.Disks;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Shards;

/// <summary>What a floor covers is forgotten though it is on disk only.</summary>
public sealed class FloorSweepTests
{
    private const int Covered = 40;
    private const int TicksMax = 200;
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
    public void Records_on_disk_are_read_and_forgotten()
    {
        Fill();
        Shard shard = Open();
        shard.Store.Counts(0, 0).Records.ShouldBe(Covered + 1);
        var outbox = new Outbox();
        var reads = new List<ColdRead>();
        for (int tick = 0; tick < TicksMax && shard.Store.Counts(0, 0).Records > 1; tick++)
        {
            shard.BeginTurn(Now, outbox);
            foreach (ColdRead read in reads)
            {
                read.Run(_disk);
                shard.OnColdRead(read);
            }
            shard.Tick();
            shard.EndTurn();
            reads = [.. outbox.ColdReads];
            outbox.Clear();
        }
        shard.Store.Counts(0, 0).Records.ShouldBe(1, "the one that is newer than the floor");
        shard.Store.Dispose();
    }

    private void Fill()
    {
        ShardStore store = OpenStore(out _);
        for (int key = 0; key < Covered; key++)
            Put(store, 0, "covered" + key, Version.FromUInt128((UInt128)1 << 64));
        Version floor = Version.FromUInt128((UInt128)2 << 64);
        Put(store, KeyspaceSettings.SystemId, "\0", floor);
        Put(store, 0, "newer", Version.FromUInt128((UInt128)3 << 64));
        store.CloseClean().ShouldBe(PutOutcome.Done);
        FlushGroup group = store.BeginFlush(Now)!;
        group.Run(_disk);
        store.EndFlush(group);
        store.Dispose();
    }

    private static void Put(ShardStore store, byte keyspace, string name, Version version)
    {
        var key = new RecordKey(keyspace, 0, Encoding.Latin1.GetBytes(name));
        store.Find(key, null, out _, out _).ShouldBe(FindOutcome.NotFound);
        store.Put(key, RecordFlags.Tombstone, version.ToUInt128(), RowView.Tombstone(version).Encoded).ShouldBe(PutOutcome.Done);
    }

    private Shard Open()
    {
        var self = new NodeInfo(0, "n:1", "n", 1, 1, "dc", "", 1, 5);
        KeyspaceSettings[] keyspaces = [.. Enumerable.Range(0, 16).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))];
        ClusterMap map = Planner.Create([self], 1, CopiesWanted.Spread(1), keyspaces, out _);
        var node = new TorcNode(
            new NodeIdentity(self, 1, map, 1), new FormationSettings(["n:1"], 1, 1, keyspaces), new NodeOptions(), RespLimits.Default, new TestSurroundings(), TorcNode.MakeCommandTable());
        node.Control.Start(Now, new Outbox());
        Shard shard = node.OpenShard(0, OpenStore(out RecoveryReport report), report, _disk, _options);
        shard.BeginTurn(Now, new Outbox());
        shard.OnViewChanged(node.View);
        shard.EndTurn();
        return shard;
    }

    private ShardStore OpenStore(out RecoveryReport report)
    {
        ShardStore.Open(_disk, _options, Now, out ShardStore? store, out report).ShouldBe(OpenOutcome.Opened);
        return store!;
    }
}
