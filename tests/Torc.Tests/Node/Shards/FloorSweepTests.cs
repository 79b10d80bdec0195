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
using Torc.Storage.Disk;
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
        Sweep(shard);
        shard.Store.Counts(0, 0).Records.ShouldBe(1, "the one that is newer than the floor");
        shard.Store.Dispose();
    }

    [Fact]
    public void A_floor_whose_read_fails_once_when_the_shard_is_opened_is_read_again()
    {
        Fill();
        Shard shard = Open(meanwhile: () => _disk.FailNextRead());
        Sweep(shard);
        shard.Store.Counts(0, 0).Records.ShouldBe(1);
        shard.Store.Dispose();
    }

    /// <summary>Rows that it covers would be back: the copy must not count before it has read the floor, which no exchange would bring where both have it.</summary>
    [Fact]
    public void A_floor_that_cannot_be_read_when_the_shard_is_opened_is_found_by_the_scan_that_builds_trees()
    {
        Fill();
        Shard shard = Open(nodes: 2, meanwhile: () =>
        {
            foreach (DiskFileInfo file in _disk.List())
                _disk.FailReads(file.Name, 0, file.Length);
        });
        shard.CompletePartitions[0].ShouldBeFalse();
        _disk.HealReads();
        Sweep(shard);
        shard.Store.Counts(0, 0).Records.ShouldBe(1);
        shard.Store.Dispose();
    }

    private void Sweep(Shard shard)
    {
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

    private Shard Open(int nodes = 1, Action? meanwhile = null)
    {
        NodeInfo[] members = [.. Enumerable.Range(0, nodes).Select(static id => new NodeInfo((ushort)id, $"n:{id + 1}", "n", 1, 1, "dc", "", 1, 5ul + (ulong)id))];
        KeyspaceSettings[] keyspaces = [.. Enumerable.Range(0, 16).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))];
        ClusterMap map = Planner.Create(members, 1, CopiesWanted.Spread(nodes), keyspaces, out _);
        var node = new TorcNode(
            new NodeIdentity(members[0], 1, map, 1), new FormationSettings([.. members.Select(static node => node.PeerAddress)], 1, nodes, keyspaces), new NodeOptions(), RespLimits.Default, new TestSurroundings(), TorcNode.MakeCommandTable());
        node.Control.Start(Now, new Outbox());
        ShardStore store = OpenStore(out RecoveryReport report);
        meanwhile?.Invoke();
        Shard shard = node.OpenShard(0, store, report, _disk, _options);
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
