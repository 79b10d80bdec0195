using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

/// <summary>Power loss at every point: before each change that a script makes to the disk, many or all disks that may be left.</summary>
public class CrashTests
{
    [Theory]
    [InlineData(512, CrashMode.KeepPrefix)]
    [InlineData(4096, CrashMode.KeepPrefix)]
    [InlineData(512, CrashMode.KeepSubset)]
    [InlineData(4096, CrashMode.KeepSubset)]
    public void At_every_change_of_the_disk_nothing_durable_is_lost_and_nothing_unwritten_appears(int sectorBytes, CrashMode mode)
    {
        var random = new SeededRandom(7);
        var disk = new CrashableDisk();
        var harness = new StoreHarness(disk, StoreHarness.Small() with { ReservedSegments = 1, ResidentBytesMax = 5 * 4096 });
        var model = new PrefixModel();
        int images = 0;
        disk.BeforeMutation = _ =>
        {
            model.BecameDurable(harness.Store.DurableOffset);
            for (int image = 0; image < 6; image++)
            {
                CrashableDisk clone = disk.CrashClone(random, new CrashOptions { Mode = mode, SectorBytes = sectorBytes, TearSectors = image % 3 == 2 });
                CheckImage(clone, harness, model, $"image {images}");
                images++;
            }
        };
        for (int step = 0; step < 160; step++)
        {
            var name = new Name(0, (ushort)random.Below(2), "key" + random.Below(25));
            var row = new Row(RecordFlags.None, (UInt128)step, "row " + step + new string('y', random.Below(200)));
            harness.Put(name, row);
            model.Did(harness.Store.AppendedOffset, rows => rows[name] = row);
            if (step % 20 == 19)
            {
                harness.Forget(name);
                model.Did(harness.Store.AppendedOffset, rows => rows.Remove(name));
            }
            if (step == 70)
            {
                harness.Drop(0, 1);
                model.Did(harness.Store.AppendedOffset, rows => PrefixModel.Drop(rows, 0, 1));
            }
            if (step % 3 == 0)
                harness.Flush();
            if (step % 5 == 0)
                harness.Maintain(3);
        }
        harness.Settle();
        harness.CloseClean();
        images.ShouldBeGreaterThan(500);
    }

    [Fact]
    public void Every_sector_subset_of_one_flush_group_gives_a_prefix()
    {
        var disk = new CrashableDisk();
        var harness = new StoreHarness(disk, StoreHarness.Small(8192));
        var model = new PrefixModel();
        for (int step = 0; step < 30; step++)
        {
            var name = new Name(0, 0, "key" + (step % 12));
            var row = new Row(RecordFlags.None, (UInt128)step, "row " + step + new string('z', 90));
            harness.Put(name, row);
            model.Did(harness.Store.AppendedOffset, rows => rows[name] = row);
            if (step == 9)
                harness.Flush();
        }
        model.BecameDurable(harness.Store.DurableOffset);
        int images = 0;
        disk.BeforeMutation = _ =>
        {
            foreach (CrashableDisk clone in disk.CrashClones(new CrashOptions { Mode = CrashMode.KeepSubset, SectorBytes = 512 }))
            {
                CheckImage(clone, harness, model, $"image {images}");
                images++;
            }
        };
        harness.Flush();
        disk.BeforeMutation = null;
        images.ShouldBeGreaterThan(64);
        harness.Dispose();
    }

    [Fact]
    public void A_clean_stop_is_found_only_when_everything_before_it_is_there()
    {
        var disk = new CrashableDisk();
        var harness = new StoreHarness(disk, StoreHarness.Small(8192));
        var rows = new SortedDictionary<Name, Row>();
        for (int step = 0; step < 8; step++)
        {
            var name = new Name(0, 0, "key" + step);
            rows[name] = new Row(RecordFlags.None, (UInt128)step, new string('s', 400));
            harness.Put(name, rows[name]);
        }
        harness.Store.CloseClean().ShouldBe(PutOutcome.Done);
        int clean = 0, unclean = 0;
        disk.BeforeMutation = _ => CountStops();
        harness.Flush();
        disk.BeforeMutation = null;
        CountStops();
        clean.ShouldBeGreaterThan(0);
        unclean.ShouldBeGreaterThan(64);
        harness.Dispose();

        void CountStops()
        {
            foreach (CrashableDisk image in disk.CrashClones(new CrashOptions { Mode = CrashMode.KeepSubset, SectorBytes = 512 }))
            {
                using var recovered = new StoreHarness(image, harness.Options);
                recovered.Report.Damages.ShouldBeEmpty();
                if (recovered.Report.CleanStop)
                    PrefixModel.IsSame(recovered.ScanAll(1, 1, 100), rows).ShouldBeTrue();
                _ = recovered.Report.CleanStop ? clean++ : unclean++;
            }
        }
    }

    [Fact]
    public void A_crash_in_recovery_itself_changes_nothing()
    {
        var random = new SeededRandom(3);
        for (int seed = 0; seed < 20; seed++)
        {
            var disk = new CrashableDisk();
            var harness = new StoreHarness(disk, StoreHarness.Small());
            var model = new PrefixModel();
            for (int step = 0; step < 60; step++)
            {
                var name = new Name(0, 0, "key" + random.Below(25));
                var row = new Row(RecordFlags.None, (UInt128)step, new string('y', random.Below(200)));
                harness.Put(name, row);
                model.Did(harness.Store.AppendedOffset, rows => rows[name] = row);
                if (random.Chance(0.2))
                    harness.Flush();
            }
            model.BecameDurable(harness.Store.DurableOffset);
            CrashableDisk torn = disk.CrashClone(random, CrashOptions.Draw(random));
            torn.BeforeMutation = _ => CheckImage(torn.CrashClone(random, CrashOptions.Draw(random)), harness, model, $"seed {seed}");
            CheckImage(torn, harness, model, $"seed {seed}");
            harness.Dispose();
        }
    }

    [Fact]
    public void A_failed_sync_is_thrown_and_never_counts_as_durable()
    {
        var disk = new CrashableDisk();
        using var harness = new StoreHarness(disk, StoreHarness.Small());
        harness.Put(new Name(0, 0, "a"), new Row(RecordFlags.None, 1, "1"));
        long durable = harness.Store.DurableOffset;
        disk.FailNextSync();
        FlushGroup group = harness.Store.BeginFlush(harness.Now)!;
        Should.Throw<Torc.Storage.Disk.DiskFailedException>(() => group.Run(disk));
        harness.Store.DurableOffset.ShouldBe(durable);
    }

    private static void CheckImage(CrashableDisk image, StoreHarness original, PrefixModel model, string what)
    {
        using var recovered = new StoreHarness(image, original.Options);
        recovered.Report.Damages.ShouldBeEmpty(what);
        model.IsPossible(recovered.ScanAll(1, 2, 100)).ShouldBeTrue(what);
    }
}
