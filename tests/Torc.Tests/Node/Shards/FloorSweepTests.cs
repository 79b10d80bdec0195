using System.Text;
using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Storage;
using Torc.Storage.Disk;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Shards;

/// <summary>What a floor covers is forgotten though it is on disk only.</summary>
public sealed class FloorSweepTests
{
    private const int Covered = 40;
    private const int TicksMax = 200;
    private readonly DiskShard _onDisk = new();

    [Fact]
    public void Records_on_disk_are_read_and_forgotten()
    {
        Fill();
        Shard shard = _onDisk.Open(nodes: 1).Shard;
        shard.Store.Counts(0, 0).Records.ShouldBe(Covered + 1);
        Sweep(shard);
        shard.Store.Counts(0, 0).Records.ShouldBe(1, "the one that is newer than the floor");
        shard.Store.Dispose();
    }

    [Fact]
    public void A_floor_whose_read_fails_once_when_the_shard_is_opened_is_read_again()
    {
        Fill();
        Shard shard = _onDisk.Open(nodes: 1, meanwhile: () => _onDisk.Disk.FailNextReads(1)).Shard;
        Sweep(shard);
        shard.Store.Counts(0, 0).Records.ShouldBe(1);
        shard.Store.Dispose();
    }

    /// <summary>Rows that it covers would be back: the copy must not count before it has read the floor, which no exchange would bring where both have it.</summary>
    [Fact]
    public void A_floor_that_cannot_be_read_when_the_shard_is_opened_is_found_by_the_scan_that_builds_trees()
    {
        Fill();
        Shard shard = _onDisk.Open(nodes: 2, meanwhile: () =>
        {
            foreach (DiskFileInfo file in _onDisk.Disk.List())
                _onDisk.Disk.FailReads(file.Name, 0, file.Length);
        }).Shard;
        shard.CompletePartitions[0].ShouldBeFalse();
        _onDisk.Disk.HealReads();
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
            shard.BeginTurn(DiskShard.Now, outbox);
            foreach (ColdRead read in reads)
            {
                read.Run(_onDisk.Disk);
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
        ShardStore store = _onDisk.OpenStore();
        for (int key = 0; key < Covered; key++)
            Put(store, 0, "covered" + key, Version.FromUInt128((UInt128)1 << 64));
        Version floor = Version.FromUInt128((UInt128)2 << 64);
        Put(store, KeyspaceSettings.SystemId, "\0", floor);
        Put(store, 0, "newer", Version.FromUInt128((UInt128)3 << 64));
        _onDisk.Stop(store);
    }

    private static void Put(ShardStore store, byte keyspace, string name, Version version)
    {
        var key = new RecordKey(keyspace, 0, Encoding.Latin1.GetBytes(name));
        store.Find(key, null, out _, out _).ShouldBe(FindOutcome.NotFound);
        store.Put(key, RecordFlags.Tombstone, version.ToUInt128(), RowView.Tombstone(version).Encoded).ShouldBe(PutOutcome.Done);
    }
}
