using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Storage;

/// <summary>Damage that is found while the segment is being compacted: what cannot be copied must not be removed.</summary>
public class DamagedSourceTests
{
    private const string FirstSegment = "segment-0000000000000001.torc";
    private const int KeysOfFirstSegment = 24;

    [Fact]
    public void A_source_found_damaged_by_warming_up_between_two_steps_is_kept()
    {
        var disk = new CrashableDisk();
        StorageOptions options = StoreHarness.Small() with { CompactionLiveRatioMax = 0 };
        using (var writer = new StoreHarness(disk, options))
        {
            for (int key = 0; key < KeysOfFirstSegment; key++)
                writer.Put(NameOf(key), RowOf(key, round: 1));
            // All but the first and the last two are written again, so that the first segment is mostly dead.
            for (int round = 2; round < 5; round++)
            {
                for (int key = 1; key < KeysOfFirstSegment - 2; key++)
                    writer.Put(NameOf(key), RowOf(key, round));
            }
            writer.Settle(); // seals, and writes the hints that the next start believes without reading values
            writer.CloseClean();
        }
        FlipBitsOfRow(disk, KeysOfFirstSegment - 1);

        // Slow compaction leaves time for loading segments into memory between its steps.
        using var harness = new StoreHarness(disk, options with { CompactionLiveRatioMax = 0.5, MaintenanceStepBytes = 256, CompactionBytesPerSecondMax = 128 });
        harness.Report.Damages.ShouldBeEmpty();
        for (int round = 0; round < 300; round++)
        {
            harness.Advance(1_100);
            harness.Flush();
            harness.Maintain();
        }
        harness.Find(NameOf(0), out Row? first).ShouldBe(FindOutcome.Found);
        first.ShouldBe(RowOf(0, round: 1));
        harness.Find(NameOf(KeysOfFirstSegment - 2), out Row? intact).ShouldBe(FindOutcome.Found);
        intact.ShouldBe(RowOf(KeysOfFirstSegment - 2, round: 1));
        harness.Find(NameOf(KeysOfFirstSegment - 1), out _).ShouldBe(FindOutcome.Damaged);
    }

    /// <summary>Those of older segments are needed as long as the damaged one is there, however often they are copied.</summary>
    [Fact]
    public void Forgets_that_a_damaged_segment_holds_back_do_not_keep_compaction_busy()
    {
        var disk = new CrashableDisk();
        using (var writer = new StoreHarness(disk, StoreHarness.Small()))
        {
            for (int key = 0; key < KeysOfFirstSegment; key++)
                writer.Put(NameOf(key), RowOf(key, round: 1));
            writer.CloseClean();
        }
        FlipBitsOfRow(disk, 1);

        using var harness = new StoreHarness(disk, StoreHarness.Small());
        harness.Report.Damages.ShouldNotBeEmpty();
        for (int key = 100; key < 500; key++)
        {
            harness.Put(NameOf(key), RowOf(key, round: 1));
            harness.Forget(NameOf(key));
        }
        harness.Settle();
        long copied = harness.Store.Statistics.CompactedBytesTotal;
        harness.Put(NameOf(200), RowOf(200, round: 1));
        harness.Settle();
        (harness.Store.Statistics.CompactedBytesTotal - copied).ShouldBeLessThan(4 * harness.Options.SegmentBytes);
    }

    private static Name NameOf(int key) => new(0, 0, $"key-{key:d3}");

    private static Row RowOf(int key, int round) => new(RecordFlags.None, (UInt128)round, $"<{key:d3}.{round}>{new string('x', 100)}");

    private static void FlipBitsOfRow(CrashableDisk disk, int key)
    {
        using IDiskFile file = disk.Open(FirstSegment);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes).ShouldBe(DiskOutcome.Done);
        int at = bytes.AsSpan().IndexOf(StoreHarness.Bytes(RowOf(key, round: 1).Bytes));
        at.ShouldBeGreaterThan(0);
        disk.FlipBits(FirstSegment, at + 20, byteCount: 8, count: 1, new SeededRandom(1));
    }
}
