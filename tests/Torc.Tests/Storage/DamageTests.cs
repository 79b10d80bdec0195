using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Storage;

/// <summary>
/// Flipped bits and unreadable sectors: never a value that was not written, and a record that is missing, or older than the last
/// one, only when the report or the read itself says that there is damage.
/// </summary>
public class DamageTests
{
    private const int Keys = 40;

    private readonly CrashableDisk _disk = new();
    private readonly Dictionary<Name, List<Row>> _history = [];

    [Fact]
    public void A_flipped_bit_anywhere_is_never_a_wrong_value_and_never_a_silent_loss()
    {
        StorageOptions options = Fill();
        var random = new SeededRandom(11);
        int damaged = 0, reported = 0, trials = 0;
        foreach (DiskFileInfo file in _disk.List())
        {
            for (long offset = 0; offset < file.Length; offset += offset < 80 ? 1 : 1 + random.Below(60))
            {
                CrashableDisk disk = Copy();
                disk.FlipBits(file.Name, offset, 1, 1, random);
                trials++;
                (int reads, int reports) = CheckAll(disk, options, $"{file.Name} at {offset}");
                damaged += reads;
                reported += reports;
            }
        }
        trials.ShouldBeGreaterThan(500);
        damaged.ShouldBeGreaterThan(20);
        reported.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void An_unreadable_sector_is_never_not_found()
    {
        StorageOptions options = Fill();
        foreach (DiskFileInfo file in _disk.List().Where(file => file.Name.StartsWith("segment", StringComparison.Ordinal)))
        {
            for (long offset = 0; offset < file.Length; offset += 512)
            {
                CrashableDisk disk = Copy();
                disk.FailReads(file.Name, offset, 512);
                CheckAll(disk, options, $"{file.Name} at {offset}");
            }
        }
    }

    [Fact]
    public void Damage_found_on_reading_is_healed_by_a_put()
    {
        StorageOptions options = Fill();
        var random = new SeededRandom(5);
        string segment = _disk.List().First(file => file.Name.StartsWith("segment", StringComparison.Ordinal)).Name;
        _disk.FlipBits(segment, 64 + 32 + 20, 1, 1, random); // In the first record's row or key: the hint still lists it.
        using var harness = new StoreHarness(_disk, options);
        Name[] unreadable = _history.Keys.Where(name => harness.Find(name, out _) == FindOutcome.Damaged).ToArray();
        unreadable.Length.ShouldBe(1);
        harness.Store.Statistics.DamagedReadsTotal.ShouldBe(1);
        harness.Scan(0, unreadable[0].Partition, 1000, out bool sawDamage).ShouldNotContainKey(unreadable[0]);
        sawDamage.ShouldBeTrue();
        harness.TryPut(unreadable[0], new Row(RecordFlags.None, 99_999, "repaired")).ShouldBe(PutOutcome.Done);
        harness.Get(unreadable[0])!.Bytes.ShouldBe("repaired");
        harness.Settle();
        harness.CloseClean();
        harness.Open();
        harness.Get(unreadable[0])!.Bytes.ShouldBe("repaired");
        harness.Scan(0, unreadable[0].Partition, 1000, out sawDamage);
        sawDamage.ShouldBeFalse();
        harness.Store.Counts(0, unreadable[0].Partition).Records.ShouldBe(_history.Keys.Count(name => name.Partition == unreadable[0].Partition));
    }

    [Fact]
    public void A_flush_group_names_the_one_before_it()
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small());
        for (int group = 0; group < 2; group++)
        {
            harness.Put(new Name(0, 0, "key" + group), new Row(RecordFlags.None, 1, new string('a', 300)));
            harness.Flush();
        }
        _disk.FlipBits("segment-0000000000000001.torc", 200, 1, 1, new SeededRandom(1));
        harness.Reopen();
        harness.Report.Damages.Count.ShouldBe(1);
        harness.Get(new Name(0, 0, "key1")).ShouldNotBeNull();
        harness.Dispose();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(5_000, true)]
    public void An_idle_log_names_its_last_group_even_where_nothing_says_how_far_it_came(long idleMs, bool isReported)
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small());
        harness.Put(new Name(0, 0, "a"), new Row(RecordFlags.None, 1, new string('a', 300)));
        harness.Flush();
        harness.Maintain();
        harness.Advance(idleMs);
        harness.Maintain();
        harness.Flush();
        _disk.Delete("reached.torc");
        _disk.FlipBits("segment-0000000000000001.torc", 200, 1, 1, new SeededRandom(1));
        harness.Reopen();
        harness.Report.Damages.Count.ShouldBe(isReported ? 1 : 0);
        harness.Report.LogProvedComplete.ShouldBe(!isReported); // Without the mark nobody can know: replicas and anti-entropy are for that.
        harness.Dispose();
    }

    [Fact]
    public void Damage_below_the_durable_offset_is_reported_with_file_and_offset()
    {
        StorageOptions options = Fill();
        foreach (DiskFileInfo hint in _disk.List().Where(file => file.Name.StartsWith("hint", StringComparison.Ordinal)))
            _disk.Delete(hint.Name);
        string segment = _disk.List().First(file => file.Name.StartsWith("segment", StringComparison.Ordinal)).Name;
        _disk.FlipBits(segment, 64 + 40, 1, 1, new SeededRandom(1));
        using var harness = new StoreHarness(_disk, options);
        harness.Report.Damages.Count.ShouldBe(1);
        harness.Report.Damages[0].File.ShouldBe(segment);
        harness.Report.Damages[0].Offset.ShouldBe(64);
        harness.Report.CleanStop.ShouldBeTrue();
        harness.Report.LogProvedComplete.ShouldBeFalse();
        harness.Settle();
        harness.Store.Statistics.SegmentsDamaged.ShouldBe(1);
    }

    private static (int Damaged, int Reported) CheckRead(StoreHarness harness, Name name, List<Row> history, string what)
    {
        FindOutcome outcome = harness.Find(name, out Row? row);
        bool isReported = harness.Report.Damages.Count > 0;
        switch (outcome)
        {
            case FindOutcome.Found:
                history.ShouldContain(row!, what);
                if (row != history[^1])
                    isReported.ShouldBeTrue($"{what}: {name} is silently an older value");
                return (0, isReported ? 1 : 0);
            case FindOutcome.Damaged:
                return (1, 0);
            default:
                isReported.ShouldBeTrue($"{what}: {name} is silently lost");
                return (0, 1);
        }
    }

    private (int Damaged, int Reported) CheckAll(CrashableDisk disk, StorageOptions options, string what)
    {
        if (ShardStore.Open(disk, options, new Instant(5, 5), out ShardStore? store, out RecoveryReport report) != OpenOutcome.Opened)
            throw new InvalidOperationException($"{what}: {report.Refusal}");
        store!.Dispose();
        int damaged = 0, reported = 0;
        using var harness = new StoreHarness(Copy(disk), options);
        foreach ((Name name, List<Row> history) in _history)
        {
            (int reads, int reports) = CheckRead(harness, name, history, what);
            damaged += reads;
            reported += reports;
        }
        harness.Settle();
        foreach ((Name name, List<Row> history) in _history)
            CheckRead(harness, name, history, what + ", settled");
        return (damaged, reported);
    }

    private CrashableDisk Copy() => Copy(_disk);

    private static CrashableDisk Copy(CrashableDisk disk) => disk.CrashClone(new SeededRandom(1), new CrashOptions { Mode = CrashMode.KeepAll });

    /// <summary>Several sealed segments with hints, and one more; all of it durable and named by a clean stop.</summary>
    private StorageOptions Fill()
    {
        StorageOptions options = StoreHarness.Small() with { CompactionLiveRatioMax = 0.1, ReservedSegments = 1 };
        var harness = new StoreHarness(_disk, options);
        for (int step = 0; step < 150; step++)
        {
            var name = new Name(0, (ushort)(step % 2), step < 9 ? "once" + step : "key" + (step * 7 % Keys));
            var row = new Row(RecordFlags.None, (UInt128)step, $"{name.Key} {step} " + new string('v', 40));
            harness.Put(name, row);
            if (!_history.TryGetValue(name, out List<Row>? history))
                _history.Add(name, history = []);
            history.Add(row);
            if (step % 4 == 0)
                harness.Flush();
        }
        harness.Settle();
        harness.CloseClean();
        return options;
    }
}
