using Torc.Node;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Node.Shards;

/// <summary>
/// Disks that fail to read, on a copy that was wiped and has become whole by an exchange: that it caught up before says nothing of records that cannot be read
/// later. It catches up again, and has a Merkle tree of exactly its rows afterwards.
/// </summary>
public sealed class UnreadableRecordTests
{
    private const int Keys = 60;
    private const int Wiped = 1;
    private readonly LoopCluster _cluster;

    public UnreadableRecordTests()
    {
        _cluster = new LoopCluster(3, partitions: 1, shards: 1, storage: new StorageOptions
        {
            SegmentBytes = 1 << 14,
            ResidentBytesMax = 1 << 15,
            DirectoryBytesMax = 16 << 20,
            MaintenanceStepBytes = 1 << 12,
            ReservedSegments = 0,
        });
        for (int key = 0; key < Keys; key++)
        {
            _cluster[0].CallPatiently("SET", $"key{key}", ValueOf(key)).ShouldBe("+OK");
            _cluster.Elapse(20);
        }
        _cluster.Kill(Wiped);
        _cluster.RestartEmpty(Wiped, wiped: true);
        _cluster.Elapse(10_000);
        AssertWhole();
        _cluster.Events.Clear();
    }

    /// <summary>The tree that is built again, to find such records, lacks the row; when it can be read again nothing else tells that.</summary>
    [Fact]
    public void A_record_that_cannot_be_read_for_a_moment_while_rows_are_read_again_is_noticed()
    {
        Disk.FailNextReads(ColdRead.AttemptsMax);
        _cluster.Elapse(10_000);
        Count(NodeEventKind.DamagedRead).ShouldBe(1);
        Count(NodeEventKind.PartitionIncomplete).ShouldBe(1);
        AssertWhole();
        Disk.FailNextReads(ColdRead.AttemptsMax, successesBefore: 3);
        _cluster.Elapse(10_000);
        Count(NodeEventKind.PartitionIncomplete).ShouldBe(2, "an earlier catching up does not cover it");
        AssertWhole();
    }

    [Fact]
    public void A_read_that_brings_nothing_once_is_tried_again()
    {
        Disk.FailNextReads(ColdRead.AttemptsMax - 1);
        long before = Disk.Calls.Reads;
        _cluster.Elapse(10_000);
        Disk.Calls.Reads.ShouldBeGreaterThan(before + ColdRead.AttemptsMax);
        Count(NodeEventKind.DamagedRead).ShouldBe(0);
        Count(NodeEventKind.PartitionIncomplete).ShouldBe(0);
    }

    [Fact]
    public void Rows_that_stay_unreadable_come_from_the_others()
    {
        foreach (DiskFileInfo file in Disk.List())
            Disk.FailReads(file.Name, 0, file.Length);
        _cluster.Elapse(10_000);
        Count(NodeEventKind.DamagedRead).ShouldBeGreaterThan(0);
        AssertWhole();
        _cluster.Kill(2);
        for (int key = 0; key < Keys; key++)
            _cluster[Wiped].CallPatiently("GET", $"key{key}").ShouldEndWith(ValueOf(key));
    }

    private CrashableDisk Disk => _cluster[Wiped].Disks[0];

    private static string ValueOf(int key) => new((char)('a' + (key % 26)), 1_500);

    private int Count(NodeEventKind kind) => _cluster.Events.Count(happened => happened.Kind == kind);

    private void AssertWhole()
    {
        RootOf(Wiped).ShouldBe(RootOf(0));
        _cluster[Wiped].Node.IsCompleteHere(0).ShouldBeTrue();
    }

    private ulong RootOf(int node)
    {
        _cluster[node].Node.Shards[0].TryGetTreeRoot(0, 0, out ulong root).ShouldBeTrue();
        return root;
    }
}
