using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

public class ShardStoreTests
{
    private readonly CrashableDisk _disk = new();

    [Fact]
    public void Find_and_put_of_resident_records_allocate_nothing()
    {
        using var harness = new StoreHarness(_disk, StoreHarness.Small(16 << 20) with { ResidentBytesMax = 1L << 30, ReservedSegments = 0 });
        harness.Settle();
        byte[][] keys = Enumerable.Range(0, 2_000).Select(index => StoreHarness.Bytes("key" + index)).ToArray();
        byte[] row = new byte[100];
        for (int round = 0; round < 2; round++)
            ReadAndWrite(harness.Store, keys, row);
        Allocations.Least(() => ReadAndWrite(harness.Store, keys, row)).ShouldBe(0);
    }

    [Fact]
    public void A_view_says_where_its_record_ends_in_the_log()
    {
        using var harness = new StoreHarness(_disk, StoreHarness.Small());
        harness.Put(new Name(1, 2, "a"), new Row(RecordFlags.HasDeadline, 7, "row"));
        harness.Store.Find(new RecordKey(1, 2, "a"u8), null, out RecordView view, out _).ShouldBe(FindOutcome.Found);
        view.EndOffset.ShouldBe(harness.Store.AppendedOffset);
        view.EndOffset.ShouldBeGreaterThan(harness.Store.DurableOffset);
        harness.Flush();
        harness.Store.DurableOffset.ShouldBeGreaterThanOrEqualTo(view.EndOffset);
    }

    [Theory]
    [InlineData(Durability.Always, 10, 10)]
    [InlineData(Durability.EverySecond, 2, 4)]
    [InlineData(Durability.OperatingSystem, 1, 1)] // The first group of a run is synced whatever the durability.
    public void Syncs_as_the_durability_says(Durability durability, long syncsMin, long syncsMax)
    {
        using var harness = new StoreHarness(_disk, StoreHarness.Small(1 << 20) with { Durability = durability });
        for (int step = 0; step < 10; step++)
        {
            harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 1, "row"));
            harness.Flush();
            harness.Advance(300);
        }
        harness.Store.Statistics.SyncsTotal.ShouldBeInRange(syncsMin, syncsMax);
        harness.Store.Statistics.UnflushedBytes.ShouldBe(0);
    }

    [Fact]
    public void A_record_above_half_a_segment_is_too_large_and_one_at_the_limit_is_not()
    {
        using var harness = new StoreHarness(_disk, StoreHarness.Small());
        int rowMax = (4096 / 2) - 32 - 1;
        harness.TryPut(new Name(0, 0, "k"), new Row(RecordFlags.None, 1, new string('x', rowMax + 1))).ShouldBe(PutOutcome.TooLarge);
        for (int step = 0; step < 10; step++)
            harness.Put(new Name(0, 0, "k"), new Row(RecordFlags.None, 1, new string('x', rowMax)));
        harness.Get(new Name(0, 0, "k"))!.Bytes.Length.ShouldBe(rowMax);
        harness.Settle();
    }

    [Fact]
    public void A_put_that_may_replace_a_cold_record_asks_for_a_find_first()
    {
        StorageOptions options = StoreHarness.Small() with { ResidentBytesMax = 4 * 4096, CompactionLiveRatioMax = 0 };
        using var harness = new StoreHarness(_disk, options);
        for (int step = 0; step < 400; step++)
            harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 1, new string('r', 60)));
        harness.Settle();
        var key = new RecordKey(0, 0, "key0"u8);
        harness.Store.Put(key, RecordFlags.None, 2, "new"u8).ShouldBe(PutOutcome.Unresolved);
        harness.Store.Forget(key).ShouldBe(PutOutcome.Unresolved);
        harness.Put(new Name(0, 0, "key0"), new Row(RecordFlags.None, 2, "new"));
        harness.Store.Counts(0, 0).Records.ShouldBe(400);
        harness.Get(new Name(0, 0, "key0"))!.Bytes.ShouldBe("new");
    }

    [Fact]
    public void A_cold_read_that_outlives_its_segment_is_read_again()
    {
        StorageOptions options = StoreHarness.Small() with { ResidentBytesMax = 4 * 4096 };
        using var harness = new StoreHarness(_disk, options);
        for (int step = 0; step < 400; step++)
            harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 1, $"row {step} " + new string('r', 60)));
        harness.Settle();
        harness.Store.Find(new RecordKey(0, 0, "key5"u8), null, out _, out ColdRead? early).ShouldBe(FindOutcome.Cold);
        harness.Store.Find(new RecordKey(0, 0, "key6"u8), null, out _, out ColdRead? late).ShouldBe(FindOutcome.Cold);
        early!.Run(_disk);
        for (int step = 0; step < 400; step++)
        {
            if (step is not 5 and not 6)
                harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 2, $"new {step}"));
        }
        harness.Settle();
        late!.Run(_disk);
        harness.Store.Statistics.CompactedSegmentsTotal.ShouldBeGreaterThan(0);
        ReadOn(harness, "key5", early).ShouldStartWith("row 5 ");
        ReadOn(harness, "key6", late).ShouldStartWith("row 6 ");
    }

    [Fact]
    public void A_full_disk_refuses_puts_serves_reads_lets_deletes_through_and_heals()
    {
        _disk.CapacityBytes = 16 * 4096;
        StorageOptions options = StoreHarness.Small() with { ReservedSegments = 2 };
        using var harness = new StoreHarness(_disk, options);
        harness.Settle();
        int count = 0;
        while (true)
        {
            PutOutcome outcome = harness.TryPut(new Name(0, 0, "key" + count), new Row(RecordFlags.None, 1, new string('r', 100)));
            if (outcome == PutOutcome.DiskFull)
                break;
            if (outcome == PutOutcome.Done)
                count++;
            harness.Flush();
            harness.Maintain();
        }
        count.ShouldBeGreaterThan(150);
        harness.Store.Statistics.IsDiskFull.ShouldBeTrue();
        for (int index = 0; index < count; index++)
            harness.Get(new Name(0, 0, "key" + index))!.Bytes.Length.ShouldBe(100);
        for (int index = 0; index < count; index += 2)
        {
            // A delete may have to wait for compaction, never for an operator.
            int attempts = 0;
            while (harness.TryPut(new Name(0, 0, "key" + index), new Row(RecordFlags.Tombstone, 2, "")) != PutOutcome.Done)
            {
                (attempts++).ShouldBeLessThan(20);
                harness.Settle();
            }
        }
        harness.Settle();
        for (int index = 0; index < 50; index++)
            harness.Put(new Name(0, 0, "new" + index), new Row(RecordFlags.None, 3, new string('n', 50)));
        harness.Store.Statistics.IsDiskFull.ShouldBeFalse();
        for (int index = 0; index < count; index++)
            harness.Get(new Name(0, 0, "key" + index))!.Flags.ShouldBe(index % 2 == 0 ? RecordFlags.Tombstone : RecordFlags.None);
        harness.Flush();
        harness.Reopen();
        harness.Store.Counts(0, 0).Records.ShouldBe(count + 50);
    }

    [Fact]
    public void A_full_disk_heals_when_somebody_else_makes_space()
    {
        _disk.CapacityBytes = 8 * 4096;
        using var harness = new StoreHarness(_disk, StoreHarness.Small());
        harness.Settle();
        PutOutcome outcome = PutOutcome.Done;
        for (int index = 0; outcome != PutOutcome.DiskFull; index++)
        {
            outcome = harness.TryPut(new Name(0, 0, "key" + index), new Row(RecordFlags.None, 1, new string('r', 100)));
            harness.Flush();
            harness.Maintain();
        }
        _disk.CapacityBytes = 100 * 4096;
        harness.Settle();
        harness.TryPut(new Name(0, 0, "more"), new Row(RecordFlags.None, 1, new string('r', 100))).ShouldBe(PutOutcome.Done);
    }

    [Fact]
    public void A_disk_that_is_full_from_the_start_still_opens_what_is_there()
    {
        var first = new StoreHarness(_disk, StoreHarness.Small() with { ReservedSegments = 0 });
        first.Put(new Name(0, 0, "a"), new Row(RecordFlags.None, 1, "1"));
        first.Flush();
        first.CloseClean();
        _disk.CapacityBytes = 0;
        using var harness = new StoreHarness(_disk, first.Options);
        harness.Get(new Name(0, 0, "a"))!.Bytes.ShouldBe("1");
        harness.TryPut(new Name(0, 0, "b"), new Row(RecordFlags.None, 1, "1")).ShouldBe(PutOutcome.DiskFull);
        _disk.CapacityBytes = 1 << 20;
        harness.Settle();
        harness.TryPut(new Name(0, 0, "b"), new Row(RecordFlags.None, 1, "1")).ShouldBe(PutOutcome.Done);
    }

    [Fact]
    public void Memory_mode_keeps_what_is_read_and_touches_no_disk()
    {
        StorageOptions options = StoreHarness.Small() with { Mode = StorageMode.Memory, ResidentBytesMax = 12 * 4096 };
        using var harness = new StoreHarness(_disk, options);
        for (int step = 0; step < 2_000; step++)
        {
            harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, (UInt128)step, $"row {step} " + new string('r', 50)));
            harness.Get(new Name(0, 0, "key3"))?.Bytes.ShouldStartWith("row 3 ");
            harness.Maintain();
        }
        harness.Get(new Name(0, 0, "key3")).ShouldNotBeNull();
        harness.Get(new Name(0, 0, "key4")).ShouldBeNull();
        harness.Get(new Name(0, 0, "key1999")).ShouldNotBeNull();
        StoreStatistics statistics = harness.Store.Statistics;
        statistics.ResidentBytes.ShouldBeLessThanOrEqualTo(options.ResidentBytesMax);
        statistics.EvictedSegmentsTotal.ShouldBeGreaterThan(10);
        harness.Store.Counts(0, 0).Records.ShouldBe(harness.Scan(0, 0, 10, out _).Count);
        harness.Store.WrittenOffset.ShouldBe(harness.Store.AppendedOffset);
        harness.Store.DurableOffset.ShouldBe(harness.Store.AppendedOffset);
        harness.Store.BeginFlush(harness.Now).ShouldBeNull();
        harness.Store.BeginWrite().ShouldBeNull();
        _disk.List().ShouldBeEmpty();
    }

    [Fact]
    public void Forget_records_do_not_pile_up_behind_a_segment_that_never_dies()
    {
        using var harness = new StoreHarness(_disk, StoreHarness.Small());
        for (int step = 0; step < 60; step++)
            harness.Put(new Name(0, 0, "stays" + step), new Row(RecordFlags.None, 1, new string('r', 60)));
        for (int round = 0; round < 40; round++)
        {
            for (int step = 0; step < 40; step++)
                harness.Put(new Name(0, 1, $"goes{round}.{step}"), new Row(RecordFlags.Tombstone, 1, ""));
            for (int step = 0; step < 40; step++)
                harness.Forget(new Name(0, 1, $"goes{round}.{step}"));
            harness.Settle();
        }
        harness.Store.Statistics.DiskBytes.ShouldBeLessThan(24 * 4096);
        harness.Reopen();
        harness.Store.Counts(0, 0).Records.ShouldBe(60);
        harness.Store.Counts(0, 1).Records.ShouldBe(0);
    }

    [Fact]
    public void Many_starts_do_not_leave_many_segments()
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small(8192));
        for (int start = 0; start < 40; start++)
        {
            harness.Put(new Name(0, 0, "key" + start), new Row(RecordFlags.None, 1, "row"));
            harness.Settle();
            harness.CloseClean();
            harness.Open();
        }
        harness.Settle();
        harness.Store.Statistics.Segments.ShouldBeLessThan(14);
        harness.Store.Counts(0, 0).Records.ShouldBe(40);
        harness.Dispose();
    }

    private static void ReadAndWrite(ShardStore store, byte[][] keys, byte[] row)
    {
        foreach (byte[] key in keys)
        {
            var name = new RecordKey(0, 3, key);
            RecordApproach approach = default;
            store.Approach(name, RecordUse.Change, ref approach);
            store.Arrive(new Span<RecordApproach>(ref approach));
            store.Find(name, null, out RecordView view, out _);
            if (store.Put(name, view.Place, RecordFlags.None, 1, row) != PutOutcome.Done)
                throw new InvalidOperationException("The segment is too small for this test.");
        }
    }

    private static string ReadOn(StoreHarness harness, string key, ColdRead? cold)
    {
        for (int attempt = 0; attempt < 10; attempt++)
        {
            if (harness.Store.Find(new RecordKey(0, 0, StoreHarness.Bytes(key)), cold, out RecordView view, out cold) == FindOutcome.Found)
                return StoreHarness.Text(view.Row);
            cold!.Run(harness.Disk);
        }
        throw new InvalidOperationException("The read never ends.");
    }
}
