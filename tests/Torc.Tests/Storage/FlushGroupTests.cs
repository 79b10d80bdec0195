using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;
using Torc.Tests.Server.Hosting;

namespace Torc.Tests.Storage;

/// <summary>What is written, what is durable, and groups that write beside groups that sync.</summary>
public class FlushGroupTests
{
    private const int SyncAfterMs = 1_000;
    private readonly CrashableDisk _disk = new();
    private int _puts;

    [Fact]
    public void A_write_makes_written_and_a_sync_makes_durable()
    {
        using StoreHarness harness = Open(Durability.EverySecond);
        ShardStore store = harness.Store;
        Put(harness);
        long written = store.WrittenOffset, durable = store.DurableOffset;
        written.ShouldBeLessThan(store.AppendedOffset);

        End(store, Begun(store.BeginWrite()));
        store.WrittenOffset.ShouldBe(store.AppendedOffset);
        store.DurableOffset.ShouldBe(durable);
        store.BeginWrite().ShouldBeNull("nothing was appended since");
        store.BeginSync(harness.Now).ShouldBeNull("a second has not gone by");

        harness.Advance(SyncAfterMs);
        End(store, Begun(store.BeginSync(harness.Now)));
        store.DurableOffset.ShouldBe(store.WrittenOffset);
        harness.Advance(SyncAfterMs);
        store.BeginSync(harness.Now).ShouldBeNull("nothing was written since");
    }

    [Fact]
    public void The_log_is_written_while_a_sync_is_under_way_and_that_sync_does_not_count_for_it()
    {
        using StoreHarness harness = Open(Durability.EverySecond);
        ShardStore store = harness.Store;
        Put(harness);
        End(store, Begun(store.BeginWrite()));
        long before = store.WrittenOffset;
        harness.Advance(SyncAfterMs);
        FlushGroup sync = store.BeginSync(harness.Now).ShouldNotBeNull();
        sync.Run(_disk);

        Name late = Put(harness);
        End(store, Begun(store.BeginWrite()));
        store.WrittenOffset.ShouldBe(store.AppendedOffset);
        store.EndFlush(sync);
        store.DurableOffset.ShouldBe(before);
        HasAfterPowerLoss(harness, late).ShouldBeFalse();

        harness.Advance(SyncAfterMs);
        End(store, Begun(store.BeginSync(harness.Now)));
        store.DurableOffset.ShouldBe(store.AppendedOffset);
        HasAfterPowerLoss(harness, late).ShouldBeTrue("the segment is synced again for what was written to it meanwhile");
    }

    [Fact]
    public void A_sync_does_not_count_for_a_write_that_is_under_way_when_it_begins()
    {
        using StoreHarness harness = Open(Durability.EverySecond);
        ShardStore store = harness.Store;
        Put(harness);
        End(store, Begun(store.BeginWrite()));
        long before = store.WrittenOffset;
        harness.Advance(SyncAfterMs);
        Put(harness);
        FlushGroup write = store.BeginWrite().ShouldNotBeNull();
        FlushGroup sync = store.BeginSync(harness.Now).ShouldNotBeNull();
        sync.Run(_disk);
        End(store, write);
        store.EndFlush(sync);
        store.DurableOffset.ShouldBe(before);
        store.WrittenOffset.ShouldBe(store.AppendedOffset);
    }

    [Fact]
    public void One_group_writes_and_one_syncs_at_a_time()
    {
        using StoreHarness harness = Open(Durability.EverySecond);
        ShardStore store = harness.Store;
        Put(harness);
        End(store, Begun(store.BeginWrite()));
        Put(harness);
        harness.Advance(SyncAfterMs);
        FlushGroup write = store.BeginWrite().ShouldNotBeNull();
        Put(harness);
        store.BeginWrite().ShouldBeNull();
        FlushGroup sync = store.BeginSync(harness.Now).ShouldNotBeNull();
        store.BeginSync(harness.Now).ShouldBeNull();
        store.BeginFlush(harness.Now).ShouldBeNull();
        End(store, write);
        store.BeginFlush(harness.Now).ShouldBeNull();
        End(store, sync);
        End(store, Begun(store.BeginFlush(harness.Now)));
        store.WrittenOffset.ShouldBe(store.AppendedOffset);
    }

    [Fact]
    public void The_first_group_of_a_run_and_the_mark_of_a_clean_stop_are_written_with_a_sync()
    {
        var harness = new StoreHarness(_disk, StoreHarness.Small() with { Durability = Durability.OperatingSystem });
        harness.Put(new Name(0, 0, "first"), new Row(RecordFlags.None, 1, "row"));
        harness.Store.WritesAlone.ShouldBeFalse();
        harness.Store.BeginWrite().ShouldBeNull();
        harness.Store.BeginSync(harness.Now).ShouldBeNull();
        harness.Flush();
        harness.Store.DurableOffset.ShouldBe(harness.Store.AppendedOffset);

        Put(harness);
        harness.Store.CloseClean().ShouldBe(PutOutcome.Done);
        harness.Store.BeginWrite().ShouldBeNull();
        harness.CloseClean();
        harness.Reopen();
        harness.Report.CleanStop.ShouldBeTrue();
        harness.Dispose();
    }

    [Fact]
    public void Under_always_nothing_is_written_without_its_sync()
    {
        using StoreHarness harness = Open(Durability.Always);
        Put(harness);
        harness.Advance(SyncAfterMs);
        harness.Store.BeginWrite().ShouldBeNull();
        harness.Store.BeginSync(harness.Now).ShouldBeNull();
        harness.Flush();
        harness.Store.WrittenOffset.ShouldBe(harness.Store.AppendedOffset);
        harness.Store.DurableOffset.ShouldBe(harness.Store.AppendedOffset);
    }

    [Fact]
    public void A_write_that_finds_the_disk_full_beside_a_sync_counts_for_nothing_and_is_done_again()
    {
        var full = new FailingDisk(_disk);
        using StoreHarness harness = Open(Durability.EverySecond, full);
        ShardStore store = harness.Store;
        Put(harness);
        End(store, Begun(store.BeginWrite()));
        long before = store.WrittenOffset;
        Name refused = Put(harness);
        harness.Advance(SyncAfterMs);
        FlushGroup sync = store.BeginSync(harness.Now).ShouldNotBeNull();
        FlushGroup write = store.BeginWrite().ShouldNotBeNull();
        full.FillUp();
        End(store, write);
        store.WrittenOffset.ShouldBe(before);
        End(store, sync);
        store.DurableOffset.ShouldBe(before);
        store.Statistics.IsDiskFull.ShouldBeTrue();

        full.MakeSpace();
        End(store, Begun(store.BeginWrite()));
        store.WrittenOffset.ShouldBe(store.AppendedOffset);
        harness.Advance(SyncAfterMs);
        End(store, Begun(store.BeginSync(harness.Now)));
        HasAfterPowerLoss(harness, refused).ShouldBeTrue();
    }

    [Fact]
    public void A_flush_that_finds_the_disk_full_before_its_sync_leaves_the_sync_to_the_next()
    {
        var full = new FailingDisk(_disk);
        using StoreHarness harness = Open(Durability.EverySecond, full);
        Name written = Put(harness);
        End(harness.Store, Begun(harness.Store.BeginWrite()));
        Put(harness);
        harness.Advance(SyncAfterMs);
        full.FillUp();
        harness.Flush();
        full.MakeSpace();
        End(harness.Store, Begun(harness.Store.BeginSync(harness.Now)));
        harness.Store.DurableOffset.ShouldBe(harness.Store.WrittenOffset);
        HasAfterPowerLoss(harness, written).ShouldBeTrue();
    }

    [Fact]
    public void What_is_written_outlives_the_process_and_what_is_durable_the_power()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new SeededRandom((ulong)seed);
            var run = new RandomRun(random, new CrashableDisk());
            run.Steps(120);
            run.CheckPowerLoss($"seed {seed}");
            run.CheckKill($"seed {seed}");
        }
    }

    private StoreHarness Open(Durability durability, IDisk? disk = null)
    {
        var harness = new StoreHarness(disk ?? _disk, StoreHarness.Small(64 << 10) with { Durability = durability });
        harness.Put(new Name(0, 0, "first"), new Row(RecordFlags.None, 1, "row"));
        harness.Flush();
        return harness;
    }

    private Name Put(StoreHarness harness)
    {
        var name = new Name(0, 0, "key" + _puts++);
        harness.TryPut(name, new Row(RecordFlags.None, 1, new string('r', 40))).ShouldBe(PutOutcome.Done);
        return name;
    }

    private static FlushGroup Begun(FlushGroup? group) => group.ShouldNotBeNull();

    private void End(ShardStore store, FlushGroup group)
    {
        group.Run(_disk);
        store.EndFlush(group);
    }

    private bool HasAfterPowerLoss(StoreHarness harness, Name name)
    {
        CrashableDisk left = _disk.CrashClone(new SeededRandom(1), new CrashOptions { Mode = CrashMode.DropUnsynced });
        using var recovered = new StoreHarness(left, harness.Options);
        return recovered.Get(name) != null;
    }

    /// <summary>Puts, writes, syncs and maintenance that begin and end in any order.</summary>
    private sealed class RandomRun
    {
        private readonly SeededRandom _random;
        private readonly CrashableDisk _disk;
        private readonly StoreHarness _harness;
        private readonly List<(long EndOffset, Name Name, Row Row)> _done = [];
        private FlushGroup? _write, _sync;

        internal RandomRun(SeededRandom random, CrashableDisk disk)
        {
            (_random, _disk) = (random, disk);
            _harness = new StoreHarness(disk, StoreHarness.Small() with { Durability = Durability.EverySecond });
            _harness.Settle();
        }

        internal void Steps(int count)
        {
            for (int step = 0; step < count; step++)
            {
                Step(step);
                ShardStore store = _harness.Store;
                store.WrittenOffset.ShouldBeLessThanOrEqualTo(store.AppendedOffset);
                store.DurableOffset.ShouldBeLessThanOrEqualTo(store.WrittenOffset);
            }
        }

        internal void CheckPowerLoss(string what) => Check(
            _disk.CrashClone(_random, new CrashOptions { Mode = CrashMode.DropUnsynced }), _harness.Store.DurableOffset, what);

        internal void CheckKill(string what)
        {
            long written = _harness.Store.WrittenOffset;
            _harness.Dispose();
            _disk.Restart();
            Check(_disk, written, what);
        }

        private void Check(CrashableDisk left, long safe, string what)
        {
            var model = new PrefixModel();
            foreach ((long endOffset, Name name, Row row) in _done)
                model.Did(endOffset, rows => rows[name] = row);
            model.BecameDurable(safe);
            using var recovered = new StoreHarness(left, _harness.Options);
            recovered.Report.Damages.ShouldBeEmpty(what);
            model.IsPossible(recovered.ScanAll(1, 1, 100)).ShouldBeTrue(what);
        }

        private void Step(int step)
        {
            ShardStore store = _harness.Store;
            switch (_random.Below(8))
            {
                case 0:
                    _write ??= Started(store.WritesAlone ? store.BeginWrite() : store.BeginFlush(_harness.Now));
                    break;
                case 1:
                    _sync ??= Started(store.BeginSync(_harness.Now));
                    break;
                case 2:
                    Finish(ref _write);
                    break;
                case 3:
                    Finish(ref _sync);
                    break;
                case 4:
                    _harness.Advance(_random.Between(0, SyncAfterMs));
                    _harness.Maintain(2);
                    break;
                default:
                    var name = new Name(0, 0, "key" + _random.Below(25));
                    var row = new Row(RecordFlags.None, (UInt128)step, "row " + step + new string('y', _random.Below(200)));
                    if (_harness.TryPut(name, row) == PutOutcome.Done)
                        _done.Add((store.AppendedOffset, name, row));
                    break;
            }
        }

        /// <summary>Half of the groups do their work when they begin, the others when they end.</summary>
        private FlushGroup? Started(FlushGroup? group)
        {
            if (_random.Chance(0.5))
                group?.Run(_disk);
            return group;
        }

        private void Finish(ref FlushGroup? group)
        {
            if (group == null)
                return;
            if (!group.IsDone)
                group.Run(_disk);
            _harness.Store.EndFlush(group);
            group = null;
        }
    }
}
