using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

/// <summary>What is read stays in memory, or comes back to it, while the data is several times the budget.</summary>
public sealed class PromotionTests : IDisposable
{
    private const int SegmentBytes = 64 << 10;
    private const int ResidentSegments = 8;
    private const int Keys = 8_000; // of about 160 bytes each: some twenty segments

    private readonly StoreHarness _harness = new(new CrashableDisk(), StoreHarness.Small(SegmentBytes) with
    {
        ResidentBytesMax = ResidentSegments * SegmentBytes,
        CompactionLiveRatioMax = 0.3,
    });

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void A_record_that_is_read_from_disk_twice_comes_back_into_memory_and_one_that_is_read_once_does_not()
    {
        Load();
        ReadsFromDisk("key0").ShouldBeTrue();
        ReadsFromDisk("key1").ShouldBeTrue();
        ReadsFromDisk("key0").ShouldBeTrue();
        ReadsFromDisk("key0").ShouldBeFalse();
        ReadsFromDisk("key2").ShouldBeTrue();
        _harness.Store.Statistics.PromotedRecordsTotal.ShouldBe(1);
        _harness.Store.Counts(0, 0).Records.ShouldBe(Keys);
    }

    [Fact]
    public void A_promoted_record_is_durable_where_it_was_and_is_found_after_a_crash()
    {
        Load();
        long durable = _harness.Store.DurableOffset;
        ReadsFromDisk("key0");
        ReadsFromDisk("key0");
        _harness.Store.AppendedOffset.ShouldBeGreaterThan(durable);
        _harness.Reopen();
        _harness.Get(new Name(0, 0, "key0"))!.Bytes.ShouldStartWith("row 0 ");
        _harness.Store.Counts(0, 0).Records.ShouldBe(Keys);
    }

    [Fact]
    public void A_put_at_the_place_of_a_promoted_record_replaces_it()
    {
        Load();
        ReadsFromDisk("key0");
        _harness.Put(new Name(0, 0, "key0"), new Row(RecordFlags.None, 2, "new"));
        _harness.Store.Statistics.PromotedRecordsTotal.ShouldBe(1);
        _harness.Get(new Name(0, 0, "key0"))!.Bytes.ShouldBe("new");
        _harness.Store.Counts(0, 0).Records.ShouldBe(Keys);
    }

    [Fact]
    public void Records_read_since_they_came_into_memory_stay_there_when_their_segment_leaves()
    {
        for (int step = 0; step < Keys; step++)
        {
            Put(step);
            for (int hot = 0; hot < 20 && hot < step; hot++)
                ReadsFromDisk("key" + hot).ShouldBeFalse($"key{hot} after {step}");
        }
        StoreStatistics statistics = _harness.Store.Statistics;
        statistics.EvictedSegmentsTotal.ShouldBeGreaterThan(5);
        statistics.PromotedRecordsTotal.ShouldBeGreaterThan(19);
        statistics.ResidentBytes.ShouldBeLessThanOrEqualTo((ResidentSegments + 2) * SegmentBytes);
    }

    [Fact]
    public void Skewed_reads_of_data_four_times_the_budget_are_served_from_memory_for_the_most_part()
    {
        Load();
        var random = new SeededRandom(5);
        int cold = 0;
        const int Reads = 60_000, Warm = 30_000;
        for (int read = 0; read < Reads; read++)
        {
            // The square of a square: half of the reads go to a sixteenth of the keys.
            double skewed = Math.Pow(random.Unit(), 4);
            bool isCold = ReadsFromDisk("key" + (int)(skewed * Keys));
            if (read >= Warm && isCold)
                cold++;
            if (read % 50 == 0)
                _harness.Maintain(4);
            if (read % 500 == 0)
                _harness.Flush();
        }
        cold.ShouldBeLessThan((Reads - Warm) / 3);
        _harness.Store.Statistics.ResidentBytes.ShouldBeLessThanOrEqualTo((ResidentSegments + 2) * SegmentBytes);
        for (int key = 0; key < Keys; key += 7)
            _harness.Get(new Name(0, 0, "key" + key))!.Bytes.ShouldStartWith($"row {key} ");
    }

    private void Load()
    {
        for (int step = 0; step < Keys; step++)
            Put(step);
        _harness.Settle();
    }

    private void Put(int step)
    {
        _harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 1, $"row {step} " + new string('r', 110)));
        if (step % 16 != 0)
            return;
        _harness.Advance(1);
        _harness.Flush();
        _harness.Maintain(4);
    }

    private bool ReadsFromDisk(string key)
    {
        long before = _harness.Store.Statistics.ColdReadsTotal;
        _harness.Get(new Name(0, 0, key)).ShouldNotBeNull();
        return _harness.Store.Statistics.ColdReadsTotal > before;
    }
}
