using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Storage;

/// <summary>What becomes of a segment with turned bits when others hold what is lost: what can be read of it is copied, and it goes as soon as nothing in it is needed.</summary>
public class SalvageTests
{
    private const int Keys = 40;
    private const int Damaged = 3;
    private static readonly StorageOptions Options = StoreHarness.Small() with { CompactionLiveRatioMax = 0 };
    private readonly CrashableDisk _disk = new();

    [Fact]
    public void A_damaged_segment_goes_when_what_cannot_be_read_was_replaced()
    {
        Fill();
        string segment = Turn(RowOf(Damaged).Bytes);
        using StoreHarness harness = Salvaged();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.Damaged);
        Files().ShouldContain(segment, "one record in it lives");
        Files().ShouldNotContain(segment.Replace("segment", "hint"), "the next start has to see the damage");

        harness.Put(NameOf(Damaged), RowOf(Damaged));
        harness.Settle();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.Found);
        Files().ShouldNotContain(segment);
        harness.CloseClean();
        harness.Open();
        harness.Report.Damages.ShouldBeEmpty();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.Found);
    }

    [Fact]
    public void What_nobody_replaced_is_gone_after_a_restart_and_its_segment_with_it()
    {
        Fill();
        string segment = Turn(RowOf(Damaged).Bytes);
        using StoreHarness harness = Salvaged();
        harness.CloseClean();
        harness.Open();
        harness.Report.Damages.ShouldNotBeEmpty();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.NotFound);
        harness.Store.MaySalvage = true;
        harness.Settle();
        Files().ShouldNotContain(segment);
        harness.CloseClean();
        harness.Open();
        harness.Report.Damages.ShouldBeEmpty();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.NotFound);
    }

    [Fact]
    public void Of_an_only_copy_the_damaged_file_stays_as_it_is()
    {
        Fill();
        string segment = Turn(RowOf(Damaged).Bytes);
        using var harness = new StoreHarness(_disk, Options);
        harness.Settle();
        harness.Store.HasDamage.ShouldBeTrue();
        harness.Store.Statistics.CompactedBytesTotal.ShouldBe(0);
        Files().ShouldContain(segment);
        Files().ShouldContain(segment.Replace("segment", "hint"));
    }

    [Fact]
    public void A_read_that_fails_for_a_moment_loses_nothing()
    {
        Fill();
        using var harness = new StoreHarness(_disk, Options);
        _disk.FailNextReads(1); // the first segment that is loaded into memory
        harness.Maintain();
        harness.Store.Statistics.SegmentsDamaged.ShouldBe(1);
        harness.Store.MaySalvage = true;
        harness.Settle();
        harness.Store.HasDamage.ShouldBeFalse();
        AssertAllButDamaged(harness).ShouldBe(FindOutcome.Found);
    }

    /// <summary>What was forgotten lies in an older segment, and would be back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forgotten_records_stay_forgotten(bool isForgetDamaged)
    {
        const int Forgotten = 1;
        using (var writer = new StoreHarness(_disk, Options))
        {
            for (int key = 0; key < Keys; key++)
                writer.Put(NameOf(key), RowOf(key));
            writer.Forget(NameOf(Forgotten));
            for (int key = 100; key < 100 + Keys; key++)
                writer.Put(NameOf(key), RowOf(key));
            writer.Settle();
            writer.CloseClean();
        }
        string segment = isForgetDamaged ? Turn($"key-{Forgotten:d3}", last: true) : Turn(RowOf(Keys - 1).Bytes);
        using StoreHarness harness = Salvaged();
        harness.Find(NameOf(Forgotten), out _).ShouldBe(FindOutcome.NotFound);
        harness.Put(NameOf(Keys - 1), RowOf(Keys - 1));
        harness.Settle();
        Files().Contains(segment).ShouldBe(isForgetDamaged, "a forget record that cannot be read is needed, and its segment tells the next start");
        harness.CloseClean();
        harness.Open();
        if (isForgetDamaged)
            harness.Report.Damages.ShouldNotBeEmpty();
        else
            harness.Find(NameOf(Forgotten), out _).ShouldBe(FindOutcome.NotFound);
    }

    private static Name NameOf(int key) => new(0, 0, $"key-{key:d3}");

    private static Row RowOf(int key) => new(RecordFlags.None, 1, $"<row {key:d3}>{new string('x', 100)}");

    private void Fill()
    {
        using var writer = new StoreHarness(_disk, Options);
        for (int key = 0; key < Keys; key++)
            writer.Put(NameOf(key), RowOf(key));
        writer.Settle(); // with hint files, which the next start believes
        writer.CloseClean();
    }

    private StoreHarness Salvaged()
    {
        var harness = new StoreHarness(_disk, Options);
        harness.Settle(); // loads segments into memory, and finds the damage
        harness.Store.HasDamage.ShouldBeTrue();
        harness.Store.MaySalvage = true;
        harness.Settle();
        return harness;
    }

    private static FindOutcome AssertAllButDamaged(StoreHarness harness)
    {
        for (int key = 0; key < Keys; key++)
        {
            if (key != Damaged)
                harness.Get(NameOf(key)).ShouldBe(RowOf(key));
        }
        return harness.Find(NameOf(Damaged), out _);
    }

    private string[] Files() => [.. _disk.List().Select(static file => file.Name)];

    /// <summary>Turns bits of the first or last record with that text; gives its segment.</summary>
    private string Turn(string text, bool last = false)
    {
        (string Name, int At)[] places = [.. _disk.List()
            .Where(static file => file.Name.StartsWith("segment", StringComparison.Ordinal))
            .OrderBy(static file => file.Name, StringComparer.Ordinal)
            .SelectMany(file => PlacesOf(file, StoreHarness.Bytes(text)).Select(at => (file.Name, at)))];
        (string name, int offset) = last ? places[^1] : places[0];
        _disk.FlipBits(name, offset, byteCount: 4, count: 1, new SeededRandom(1));
        return name;
    }

    private IEnumerable<int> PlacesOf(DiskFileInfo info, byte[] text)
    {
        using IDiskFile file = _disk.Open(info.Name);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes).ShouldBe(DiskOutcome.Done);
        for (int at = 0; at + text.Length <= bytes.Length; at++)
        {
            if (bytes.AsSpan(at, text.Length).SequenceEqual(text))
                yield return at;
        }
    }
}
