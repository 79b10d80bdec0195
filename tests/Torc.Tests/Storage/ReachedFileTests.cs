using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;
using Torc.Tests.Server.Hosting;

namespace Torc.Tests.Storage;

/// <summary>A log that ends before the offset that it was durable up to has lost something, whoever took it; one that a loss of power cut has not.</summary>
public class ReachedFileTests
{
    private const int SegmentBytes = 16 << 10;
    private const int HeaderBytes = 64;

    private readonly CrashableDisk _disk = new();
    private readonly List<int> _ends = []; // of records in the first segment

    public enum Harm
    {
        /// <summary>The file ends between two records, so that nothing in it looks wrong.</summary>
        CutBetweenRecords,
        CutInARecord,
        ZeroedFromARecordOn,
        ZeroedInARecord,

        /// <summary>All but the header.</summary>
        Emptied,
        ABitOfTheLastRecord,
    }

    public static TheoryData<Durability, bool, Harm> Ends()
    {
        var cases = new TheoryData<Durability, bool, Harm>();
        foreach (Durability durability in Enum.GetValues<Durability>())
        {
            foreach (Harm harm in Enum.GetValues<Harm>())
            {
                cases.Add(durability, false, harm);
                cases.Add(durability, true, harm);
            }
        }
        return cases;
    }

    /// <summary>Behind the segment that is harmed lies one that was made ahead and is empty.</summary>
    [Theory]
    [MemberData(nameof(Ends))]
    public void The_end_of_the_newest_segment_is_missed(Durability durability, bool stopsCleanly, Harm harm)
    {
        StoreHarness harness = Fill(durability);
        Segments().Length.ShouldBe(2);
        End(harness, stopsCleanly);
        Do(harm, Segments()[0], _ends[^1]);

        harness.Open();
        harness.Report.LogProvedComplete.ShouldBeFalse();
        if (durability == Durability.OperatingSystem && !stopsCleanly && harm != Harm.Emptied)
        {
            harness.Report.Damages.ShouldBeEmpty("only the first group was synced; the copies do not count anyway");
            harness.Dispose();
            return;
        }
        harness.Report.Damages.ShouldAllBe(other => other.File == Segments()[0]);
        Damage damage = harness.Report.Damages[0];
        damage.Offset.ShouldBe(harm switch
        {
            Harm.Emptied => HeaderBytes,
            Harm.ABitOfTheLastRecord => _ends[^2],
            _ => _ends[_ends.Count / 2],
        });
        for (int key = 0; key < _ends.Count; key++)
            (harness.Get(new Name(0, 0, "key" + key)) != null).ShouldBe(_ends[key] <= damage.Offset, $"key {key}");

        harness.Put(new Name(0, 0, "later"), new Row(RecordFlags.None, 1, "goes on"));
        harness.Settle();
        harness.CloseClean();
        harness.Open();
        harness.Get(new Name(0, 0, "later")).ShouldNotBeNull();
        harness.Dispose();
    }

    /// <summary>Without the file nobody can tell, as in a directory of before there was one.</summary>
    [Theory]
    [InlineData("missing", false)]
    [InlineData("torn", false)]
    [InlineData("short", false)]
    [InlineData("long", true)]
    [InlineData("of another log", false)]
    [InlineData("sound", true)]
    public void A_file_that_is_not_sound_says_nothing_and_is_sound_after_the_next_sync(string state, bool isTold)
    {
        StoreHarness harness = Fill(Durability.Always);
        End(harness, stopsCleanly: false);
        Do(Harm.CutBetweenRecords, Segments()[0], _ends[^1]);
        ReplaceReached(state);

        harness.Open();
        harness.Report.Damages.Count.ShouldBe(isTold ? 1 : 0);
        harness.Report.LogProvedComplete.ShouldBe(!isTold);
        harness.Put(new Name(0, 0, "later"), new Row(RecordFlags.None, 1, "goes on"));
        harness.Flush();
        string newest = Segments()[^1];
        End(harness, stopsCleanly: false);
        using (IDiskFile file = _disk.Open(newest))
            file.SetLength(HeaderBytes);
        harness.Open();
        harness.Report.Damages.ShouldContain(damage => damage.File == newest);
        harness.Dispose();
    }

    [Fact]
    public void What_is_lost_is_told_until_what_follows_from_it_is_on_disk()
    {
        StoreHarness harness = Fill(Durability.Always);
        End(harness, stopsCleanly: false);
        Do(Harm.CutBetweenRecords, Segments()[0], _ends[^1]);
        for (int start = 0; start < 3; start++)
        {
            harness.Open();
            harness.Report.Damages.ShouldHaveSingleItem();
            harness.Maintain();
            harness.Dispose();
        }
        harness.Open();
        harness.Put(new Name(0, 0, "concluded"), new Row(RecordFlags.None, 1, ""));
        harness.Flush();
        harness.Reopen();
        harness.Report.Damages.ShouldBeEmpty();
        harness.Dispose();
    }

    /// <summary>After a loss of power the file may name a segment that compaction has removed since.</summary>
    [Fact]
    public void A_segment_that_compaction_removed_is_not_missed()
    {
        StoreHarness harness = Fill(Durability.Always);
        byte[] old = ReadReached();
        string removed = Segments()[0];
        for (int round = 0; round < 4; round++)
        {
            for (int key = 0; key < _ends.Count; key++)
                harness.Put(new Name(0, 0, "key" + key), new Row(RecordFlags.None, (UInt128)round, new string('r', 200)));
        }
        harness.Settle();
        Segments().ShouldNotContain(removed);
        End(harness, stopsCleanly: false);
        WriteReached(old);
        harness.Open();
        harness.Report.Damages.ShouldBeEmpty();
        harness.Report.LogProvedComplete.ShouldBeTrue();
        harness.Dispose();
    }

    /// <summary>The ends of segments that were filled: the file names an offset far above.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_end_of_a_full_segment_is_missed(bool hasHint)
    {
        StoreHarness harness = Fill(Durability.Always);
        for (int key = 0; key < 150; key++)
            harness.Put(new Name(0, 0, "more" + key), new Row(RecordFlags.None, 1, new string('m', 200)));
        harness.Flush();
        if (hasHint)
            harness.Settle();
        _disk.List().Any(file => file.Name == Segments()[0].Replace("segment", "hint", StringComparison.Ordinal)).ShouldBe(hasHint);
        End(harness, stopsCleanly: false);
        Segments().Length.ShouldBeGreaterThan(2);
        int end = _ends[3];
        using (IDiskFile file = _disk.Open(Segments()[0]))
            file.SetLength(end);
        harness.Open();
        harness.Report.Damages.ShouldHaveSingleItem().ShouldBe(new Damage(Segments()[0], end, harness.Report.Damages[0].What));
        harness.Dispose();
    }

    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.EverySecond)]
    [InlineData(Durability.OperatingSystem)]
    public void A_tail_that_a_loss_of_power_tore_is_no_alarm(Durability durability)
    {
        var random = new SeededRandom(5);
        long torn = 0;
        for (int trial = 0; trial < 60; trial++)
        {
            var disk = new CrashableDisk();
            var harness = new StoreHarness(disk, StoreHarness.Small(SegmentBytes) with { Durability = durability });
            for (int key = 0; key < 12; key++)
            {
                harness.Put(new Name(0, 0, "key" + key), new Row(RecordFlags.None, 1, new string('r', 300)));
                if (key is 3 or 7)
                    harness.Flush();
            }
            FlushGroup last = harness.Store.BeginFlush(harness.Now)!;
            if (last.Syncs)
                disk.FailNextSync();
            if (last.Syncs)
                Should.Throw<DiskFailedException>(() => last.Run(disk));
            else
                last.Run(disk);
            CrashableDisk left = disk.CrashClone(random, new CrashOptions { Mode = (CrashMode)(trial % 4), TearSectors = trial % 3 == 0 });
            using var recovered = new StoreHarness(left, harness.Options);
            recovered.Report.Damages.ShouldBeEmpty($"trial {trial}");
            recovered.Report.LogProvedComplete.ShouldBe(durability == Durability.Always);
            torn += recovered.Report.TornBytes;
            harness.Dispose();
        }
        if (durability != Durability.Always)
            torn.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Forty_lives_with_losses_of_power_at_random_moments_are_no_alarm()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new SeededRandom((ulong)seed);
            var disk = new CrashableDisk();
            StorageOptions options = StoreHarness.Small() with { ReservedSegments = 1, ResidentBytesMax = 5 * 4096 };
            int mutations = 0, images = 0, crashAt = 0;
            for (int life = 0; life < 4; life++)
            {
                using var harness = new StoreHarness(disk, options);
                harness.Report.Damages.ShouldBeEmpty($"seed {seed}, life {life}");
                (harness.Report.LogProvedComplete || harness.Report.FreshlyMade).ShouldBeTrue($"seed {seed}, life {life}");
                CrashableDisk? left = null;
                crashAt = mutations + 20 + random.Below(200);
                disk.BeforeMutation = running =>
                {
                    if (++mutations == crashAt)
                        left = running.CrashClone(random, CrashOptions.Draw(random));
                };
                for (int step = 0; left == null; step++)
                {
                    harness.Put(new Name(0, (ushort)random.Below(2), "key" + random.Below(25)), new Row(RecordFlags.None, (UInt128)step, new string('y', random.Below(200))));
                    if (random.Chance(0.4))
                        harness.Flush();
                    if (random.Chance(0.3))
                        harness.Maintain(3);
                    if (step == 150)
                        harness.Settle();
                }
                disk = left;
                images++;
            }
            images.ShouldBe(4);
        }
    }

    [Fact]
    public void A_group_is_durable_although_there_is_no_space_to_say_so()
    {
        var full = new NoSpaceForReached(_disk);
        var harness = new StoreHarness(full, StoreHarness.Small(SegmentBytes));
        harness.Put(new Name(0, 0, "key"), new Row(RecordFlags.None, 1, "row"));
        harness.Flush();
        harness.Store.DurableOffset.ShouldBe(harness.Store.AppendedOffset);
        harness.Store.Statistics.IsDiskFull.ShouldBeFalse();
        harness.Dispose();

        full.MayCreate = true;
        harness.Open();
        harness.Put(new Name(0, 0, "key"), new Row(RecordFlags.None, 2, "row"));
        harness.Flush();
        harness.Store.DurableOffset.ShouldBe(harness.Store.AppendedOffset);
        ReadReached().ShouldAllBe(static value => value == 0);
        harness.Reopen(_disk);
        harness.Report.Damages.ShouldBeEmpty();
        harness.Dispose();
    }

    [Fact]
    public void A_group_that_finds_the_disk_full_moves_nothing()
    {
        var full = new FailingDisk(_disk);
        var harness = new StoreHarness(full, StoreHarness.Small(SegmentBytes));
        harness.Put(new Name(0, 0, "key"), new Row(RecordFlags.None, 1, "row"));
        harness.Flush();
        byte[] before = ReadReached();
        harness.Put(new Name(0, 0, "more"), new Row(RecordFlags.None, 1, "row"));
        full.FillUp();
        harness.Flush();
        ReadReached().ShouldBe(before);
        full.MakeSpace();
        harness.Flush();
        ReadReached().ShouldNotBe(before);
        harness.Dispose();
    }

    [Fact]
    public void A_store_in_memory_has_no_such_file()
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small() with { Mode = StorageMode.Memory });
        harness.Put(new Name(0, 0, "key"), new Row(RecordFlags.None, 1, "row"));
        harness.Flush();
        _disk.List().ShouldBeEmpty();
        harness.Dispose();
    }

    /// <summary>Forty records in the first segment, all of them durable, and an empty segment behind it.</summary>
    private StoreHarness Fill(Durability durability)
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small(SegmentBytes) with { Durability = durability, CompactionLiveRatioMax = 0.5 });
        harness.Maintain();
        for (int key = 0; key < 40; key++)
        {
            harness.Put(new Name(0, 0, "key" + key), new Row(RecordFlags.None, 1, new string('r', 200)));
            _ends.Add((int)(harness.Store.AppendedOffset - SegmentBytes));
            if (key % 5 == 4)
            {
                harness.Advance(1100);
                harness.Flush();
                if (!harness.Store.DurableOffset.Equals(harness.Store.AppendedOffset) && harness.Options.Durability != Durability.Always)
                    SyncNow(harness);
            }
        }
        return harness;
    }

    private void SyncNow(StoreHarness harness)
    {
        if (harness.Store.BeginSync(harness.Now) is not { } group)
            return;
        group.Run(_disk);
        harness.Store.EndFlush(group);
    }

    private static void End(StoreHarness harness, bool stopsCleanly)
    {
        if (stopsCleanly)
            harness.CloseClean();
        else
            harness.Dispose();
    }

    private string[] Segments() =>
        [.. _disk.List().Select(static file => file.Name).Where(static name => name.StartsWith("segment-", StringComparison.Ordinal))];

    private void Do(Harm harm, string name, int end)
    {
        using IDiskFile file = _disk.Open(name);
        int middle = _ends[_ends.Count / 2];
        switch (harm)
        {
            case Harm.CutBetweenRecords:
                file.SetLength(middle);
                break;
            case Harm.CutInARecord:
                file.SetLength(middle + 100);
                break;
            case Harm.ZeroedFromARecordOn:
                file.Write(middle, new byte[SegmentBytes - middle]);
                break;
            case Harm.ZeroedInARecord:
                file.Write(middle + 100, new byte[SegmentBytes - middle - 100]);
                break;
            case Harm.Emptied:
                file.Write(HeaderBytes, new byte[SegmentBytes - HeaderBytes]);
                break;
            default:
                _disk.FlipBits(name, end - 20, 1, 1, new SeededRandom(1));
                break;
        }
    }

    private byte[] ReadReached()
    {
        using IDiskFile file = _disk.Open("reached.torc");
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes).ShouldBe(DiskOutcome.Done);
        return bytes;
    }

    private void WriteReached(byte[] bytes)
    {
        using IDiskFile file = _disk.Open("reached.torc");
        file.SetLength(bytes.Length);
        file.Write(0, bytes);
    }

    private void ReplaceReached(string state)
    {
        byte[] bytes = ReadReached();
        switch (state)
        {
            case "missing":
                _disk.Delete("reached.torc");
                break;
            case "torn":
                bytes[24] ^= 8;
                WriteReached(bytes);
                break;
            case "short":
                WriteReached(bytes[..12]);
                break;
            case "long":
                WriteReached([.. bytes, 0]);
                break;
            case "of another log":
                var other = new CrashableDisk();
                using (var harness = new StoreHarness(other, StoreHarness.Small(SegmentBytes) with { ShardIndex = 1 }))
                {
                    harness.Put(new Name(0, 0, "key"), new Row(RecordFlags.None, 1, new string('o', 5000)));
                    harness.Flush();
                }
                using (IDiskFile file = other.Open("reached.torc"))
                    file.Read(0, bytes);
                WriteReached(bytes);
                break;
        }
    }

    /// <summary>Everything finds space but the file that says how far the log came: first to be made, then to be written.</summary>
    private sealed class NoSpaceForReached(IDisk disk) : IDisk
    {
        public bool MayCreate { get; set; }

        public long FreeBytes => disk.FreeBytes;

        public IReadOnlyList<DiskFileInfo> List() => disk.List();

        public IDiskFile Open(string name) => disk.Open(name);

        public DiskOutcome Create(string name, long length, out IDiskFile? file)
        {
            file = null;
            if (name != "reached.torc")
                return disk.Create(name, length, out file);
            if (!MayCreate)
                return DiskOutcome.Full;
            DiskOutcome outcome = disk.Create(name, length, out IDiskFile? made);
            file = new FullFile(made!);
            return outcome;
        }

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string name) => disk.Delete(name);

        public void SyncDirectory() => disk.SyncDirectory();
    }

    private sealed class FullFile(IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public DiskOutcome Write(long offset, ReadOnlySpan<byte> data) => DiskOutcome.Full;

        public DiskOutcome Read(long offset, Span<byte> into) => file.Read(offset, into);

        public void Sync() => file.Sync();

        public DiskOutcome SetLength(long length) => file.SetLength(length);

        public void Dispose() => file.Dispose();
    }
}
