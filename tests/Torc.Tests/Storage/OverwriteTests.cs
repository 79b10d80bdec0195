using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

/// <summary>Keys that are written again and again: in memory into their places, in a log with compaction behind.</summary>
public class OverwriteTests
{
    private const int Keys = 300;

    [Fact]
    public void In_memory_a_row_as_long_as_the_one_before_takes_its_place()
    {
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small() with { Mode = StorageMode.Memory });
        Write(harness, 1, 1, "once");
        long appended = harness.Store.Statistics.AppendedBytesTotal;
        Write(harness, 20, 2, "more");
        StoreStatistics after = harness.Store.Statistics;
        after.AppendedBytesTotal.ShouldBe(appended);
        after.CompactedSegmentsTotal.ShouldBe(0);
        Check(harness, 21, "more");

        harness.Put(Key(0), new Row(RecordFlags.Tombstone, 50, "more"));
        harness.Put(Key(1), new Row(RecordFlags.HasDeadline, 51, "more"));
        PartitionCounts counts = harness.Store.Counts(0, 0);
        (counts.Records, counts.Live, counts.WithDeadline).ShouldBe((Keys, Keys - 1, 1));
        counts.VersionMax.ShouldBe((UInt128)51);
        harness.Store.Statistics.AppendedBytesTotal.ShouldBe(appended);

        harness.Put(Key(2), new Row(RecordFlags.None, 52, "a longer one than before"));
        harness.Store.Statistics.AppendedBytesTotal.ShouldBeGreaterThan(appended);
        harness.Get(Key(2))!.Bytes.ShouldBe("a longer one than before");
    }

    [Fact]
    public void While_memory_is_short_what_is_written_goes_to_the_tail_and_stays()
    {
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small() with { Mode = StorageMode.Memory, ResidentBytesMax = 8 * 4096 });
        for (int step = 0; step < 2_000; step++)
        {
            harness.Put(new Name(0, 0, "other" + step), new Row(RecordFlags.None, 1, "row"));
            harness.Put(Key(7), new Row(RecordFlags.None, (UInt128)step, "same"));
            harness.Maintain();
        }
        harness.Store.Statistics.EvictedSegmentsTotal.ShouldBeGreaterThan(10);
        harness.Get(Key(7))!.Version.ShouldBe((UInt128)1_999);
    }

    [Fact]
    public void While_writes_go_on_a_log_keeps_its_bound_and_copies_less_than_half_of_what_is_written()
    {
        const int keys = 3_000, steps = 40_000;
        const int spareBytes = 8 * 4096;
        var random = new SeededRandom(20_261_123);
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small());
        for (int key = 0; key < keys; key++)
            harness.Put(Key(key), new Row(RecordFlags.None, 1, new string('v', 80)));
        long liveBytes = harness.Store.Statistics.LiveBytes, before = harness.Store.Statistics.AppendedBytesTotal;
        long diskBytesMax = 0;
        for (int step = 0; step < steps; step++)
        {
            harness.Put(Key(random.Below(keys)), new Row(RecordFlags.None, (UInt128)(step + 2), new string('v', 80)));
            if (step % 8 != 0)
                continue;
            harness.Advance(1);
            harness.Flush();
            harness.Maintain();
            diskBytesMax = Math.Max(diskBytesMax, harness.Store.Statistics.DiskBytes);
        }
        long put = steps * (liveBytes / keys), appended = harness.Store.Statistics.AppendedBytesTotal - before;
        diskBytesMax.ShouldBeLessThan(2 * liveBytes + spareBytes);
        appended.ShouldBeLessThan(put * 3 / 2);
        harness.Settle();
        harness.Reopen();
        harness.Store.Counts(0, 0).Records.ShouldBe(keys);
    }

    [Fact]
    public void Memory_let_go_is_kept_for_a_while_and_then_given_back()
    {
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small() with { Mode = StorageMode.Memory });
        Write(harness, 10, 1, "row");
        for (int key = 0; key < Keys; key++)
            harness.Forget(Key(key));
        harness.Maintain();
        harness.Advance(1_100);
        harness.Maintain();
        harness.Advance(1_000);
        harness.Maintain().ShouldBe(0, "it may be wanted soon");
        int steps = 0;
        for (int second = 0; second < 90; second++)
        {
            harness.Advance(1_000);
            steps += harness.Maintain();
        }
        steps.ShouldBeGreaterThan(2);
        harness.Put(Key(1), new Row(RecordFlags.None, 1, "back"));
        harness.Get(Key(1))!.Bytes.ShouldBe("back");
    }

    private static Name Key(int index) => new(0, 0, $"key{index:D4}");

    /// <summary>Writes all keys so many times, versions from <paramref name="version"/> on.</summary>
    private static void Write(StoreHarness harness, int times, int version, string row)
    {
        for (int time = 0; time < times; time++)
        {
            for (int key = 0; key < Keys; key++)
                harness.Put(Key(key), new Row(RecordFlags.None, (UInt128)(version + time), row));
        }
    }

    private static void Check(StoreHarness harness, int version, string row)
    {
        for (int key = 0; key < Keys; key++)
            harness.Get(Key(key)).ShouldBe(new Row(RecordFlags.None, (UInt128)version, row));
    }
}
