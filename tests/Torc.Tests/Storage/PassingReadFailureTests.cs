using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

/// <summary>
/// A record cannot be read while its key is written again, and can be read later: it never comes back, whoever meets it first. Two entries of one key
/// would show it in scans for ever, and a copy of it at the tail would win after a restart.
/// </summary>
public class PassingReadFailureTests
{
    private const int Others = 40;
    private static readonly Name Key = new(0, 0, "key");
    private static readonly Row Old = new(RecordFlags.None, 1, "old " + new string('o', 100));
    private static readonly Row New = new(RecordFlags.None, 2, "new " + new string('n', 120));
    private readonly CrashableDisk _disk = new();

    [Fact]
    public void A_scan_meets_the_new_record_only()
    {
        using StoreHarness harness = Cold();
        PutWhileUnreadable(harness);
        SortedDictionary<Name, Row> rows = harness.Scan(0, 0, 1000, out bool sawDamage);
        sawDamage.ShouldBeFalse();
        rows[Key].ShouldBe(New);
        rows.Count.ShouldBe(Others + 1);
        harness.Store.Counts(0, 0).Records.ShouldBe(Others + 1);
        harness.Store.Counts(0, 0).Live.ShouldBe(Others + 1);
        harness.Get(Key).ShouldBe(New);
    }

    [Fact]
    public void A_find_meets_the_new_record_only_and_another_put_replaces_that()
    {
        using StoreHarness harness = Cold();
        PutWhileUnreadable(harness);
        for (int round = 0; round < 3; round++)
        {
            harness.Get(Key).ShouldBe(New with { Version = (UInt128)(2 + round) });
            harness.Put(Key, New with { Version = (UInt128)(3 + round) });
        }
        PushOut(harness);
        harness.Get(Key).ShouldBe(New with { Version = 5 });
        harness.Scan(0, 0, 1000, out _)[Key].ShouldBe(New with { Version = 5 });
    }

    [Fact]
    public void Compaction_does_not_carry_the_old_record_over()
    {
        using StoreHarness harness = Cold();
        PutWhileUnreadable(harness);
        PushOut(harness);
        long compacted = harness.Store.Statistics.CompactedSegmentsTotal;
        harness.Options = harness.Options with { CompactionLiveRatioMax = 0.9 };
        for (int round = 0; round < 4; round++)
        {
            for (int other = 1; other < Others; other++)
                harness.Put(NameOf(other), new Row(RecordFlags.None, (UInt128)(10 + round), new string('z', 100)));
            harness.Settle();
        }
        harness.Store.Statistics.CompactedSegmentsTotal.ShouldBeGreaterThan(compacted);
        _disk.List().ShouldNotContain(static file => file.Name == FirstSegment, "all that lives in it was copied");
        harness.Get(Key).ShouldBe(New);
        harness.CloseClean();
        harness.Open();
        harness.Get(Key).ShouldBe(New);
        harness.Store.Counts(0, 0).Records.ShouldBe(Others + 1);
    }

    [Fact]
    public void Loading_its_segment_does_not_bring_it_back()
    {
        FillAndClose();
        using var harness = new StoreHarness(_disk, Options() with { ResidentBytesMax = 64 << 20 });
        PutWhileUnreadable(harness);
        harness.Settle();
        long reads = harness.Store.Statistics.ColdReadsTotal;
        harness.Get(Key).ShouldBe(New);
        harness.Scan(0, 0, 1000, out _)[Key].ShouldBe(New);
        harness.Store.Statistics.ColdReadsTotal.ShouldBe(reads, "all is in memory");
        harness.Store.Counts(0, 0).Records.ShouldBe(Others + 1);
    }

    [Fact]
    public void What_was_forgotten_while_it_could_not_be_read_does_not_come_back()
    {
        using StoreHarness harness = Cold();
        Unreadable(() =>
        {
            harness.Find(Key, out _).ShouldBe(FindOutcome.Damaged);
            harness.Store.Forget(new RecordKey(0, 0, StoreHarness.Bytes(Key.Key))).ShouldBe(PutOutcome.Done);
        });
        harness.Find(Key, out _).ShouldBe(FindOutcome.NotFound);
        harness.Scan(0, 0, 1000, out _).ShouldNotContainKey(Key);
        harness.Store.Counts(0, 0).Records.ShouldBe(Others);
        harness.CloseClean();
        harness.Open();
        harness.Find(Key, out _).ShouldBe(FindOutcome.NotFound);
    }

    private const string FirstSegment = "segment-0000000000000001.torc";

    private static Name NameOf(int other) => new(0, 0, "other" + other);

    private static StorageOptions Options() => StoreHarness.Small() with { ResidentBytesMax = 4 * 4096, CompactionLiveRatioMax = 0.5, ReservedSegments = 0 };

    /// <summary>The old record is on disk only.</summary>
    private StoreHarness Cold()
    {
        FillAndClose();
        return new StoreHarness(_disk, Options());
    }

    private void FillAndClose()
    {
        using var writer = new StoreHarness(_disk, Options());
        writer.Put(Key, Old);
        for (int other = 0; other < Others; other++)
            writer.Put(NameOf(other), new Row(RecordFlags.None, 1, new string('v', 100)));
        writer.Settle();
        writer.CloseClean();
    }

    private void PutWhileUnreadable(StoreHarness harness)
    {
        Unreadable(() =>
        {
            harness.Find(Key, out _).ShouldBe(FindOutcome.Damaged);
            harness.TryPut(Key, New).ShouldBe(PutOutcome.Done);
        });
        harness.Flush();
    }

    private void Unreadable(Action action)
    {
        _disk.FailReads(FirstSegment, 64, 100);
        action();
        _disk.HealReads();
    }

    /// <summary>Writes until what was in memory is not.</summary>
    private static void PushOut(StoreHarness harness)
    {
        for (int other = 0; other < 2 * Others; other++)
            harness.Put(NameOf(other % Others), new Row(RecordFlags.None, 9, new string('w', 300)));
        harness.Flush();
    }
}
