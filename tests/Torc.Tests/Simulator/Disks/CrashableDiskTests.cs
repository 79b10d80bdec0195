using System.Text;
using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage.Disk;

namespace Torc.Tests.Simulator.Disks;

public class CrashableDiskTests
{
    private static readonly CrashOptions Drop = new() { Mode = CrashMode.DropUnsynced };
    private static readonly CrashOptions KeepAll = new() { Mode = CrashMode.KeepAll };
    private static readonly CrashOptions Prefix = new() { Mode = CrashMode.KeepPrefix };
    private static readonly CrashOptions Subset = new() { Mode = CrashMode.KeepSubset };

    [Fact]
    public void Synced_writes_survive_and_unsynced_ones_do_not()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "durable");
        file.Write(0, "DURABLE"u8);
        file.Write(7, " and more"u8);
        ReadAll(disk, "a").ShouldBe("DURABLE and more");

        disk.Crash(new SeededRandom(1), Drop);

        ReadAll(disk, "a").ShouldBe("durable");
    }

    [Fact]
    public void A_file_whose_directory_was_not_synced_vanishes()
    {
        var disk = new CrashableDisk();
        disk.Create("a", 10, out IDiskFile? file).ShouldBe(DiskOutcome.Done);
        file!.Sync();

        disk.Crash(new SeededRandom(1), Drop);

        disk.List().ShouldBeEmpty();
    }

    [Fact]
    public void A_deletion_that_was_not_synced_comes_back_with_its_durable_bytes()
    {
        var disk = new CrashableDisk();
        MakeFile(disk, "a", "old").Write(0, "new"u8);
        disk.Delete("a");
        disk.List().ShouldBeEmpty();

        disk.Crash(new SeededRandom(1), Drop);

        ReadAll(disk, "a").ShouldBe("old");
    }

    [Fact]
    public void A_rename_is_all_or_nothing()
    {
        var disk = new CrashableDisk();
        MakeFile(disk, "a", "from");
        MakeFile(disk, "b", "to");
        disk.Rename("a", "b");

        var seen = disk.CrashClones(Subset).Select(Describe).ToHashSet();

        seen.ShouldBe(["a=from,b=to", "b=from"], ignoreOrder: true);
    }

    [Fact]
    public void A_prefix_keeps_the_order_across_files_and_a_subset_does_not()
    {
        var disk = new CrashableDisk();
        IDiskFile first = MakeFile(disk, "a", "0");
        IDiskFile second = MakeFile(disk, "b", "0");
        first.Write(0, "1"u8);
        second.Write(0, "1"u8);

        disk.CrashClones(Prefix).Select(Describe).ToHashSet()
            .ShouldBe(["a=0,b=0", "a=1,b=0", "a=1,b=1"], ignoreOrder: true);
        disk.CrashClones(Subset).Select(Describe).ToHashSet()
            .ShouldBe(["a=0,b=0", "a=1,b=0", "a=0,b=1", "a=1,b=1"], ignoreOrder: true);
        disk.CrashClones(KeepAll).Select(Describe).ShouldBe(["a=1,b=1"]);
        disk.CrashClones(Drop).Select(Describe).ShouldBe(["a=0,b=0"]);
        Describe(disk).ShouldBe("a=1,b=1", "the disk itself goes on");
    }

    [Fact]
    public void A_sector_holds_one_of_its_versions_and_length_changes_on_its_own()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "0");
        file.Write(0, "1"u8);
        file.Write(0, "22"u8);

        disk.CrashClones(Subset).Select(Describe).ToHashSet()
            .ShouldBe(["a=0", "a=1", "a=2", "a=0\0", "a=1\0", "a=22"], ignoreOrder: true);
    }

    [Fact]
    public void Writes_over_two_sectors_tear_at_the_sector_boundary_only()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", new string('o', 1024));
        file.Write(500, Encoding.ASCII.GetBytes(new string('n', 24)));

        var seen = disk.CrashClones(Subset).Select(clone => ReadAll(clone, "a")[498..526]).ToHashSet();

        string old = new('o', 28);
        seen.ShouldBe(
            [
                old,
                "oonnnnnnnnnnnn" + old[14..],
                old[..14] + "nnnnnnnnnnnnoo",
                "oonnnnnnnnnnnnnnnnnnnnnnnnoo",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public void A_torn_sector_mixes_two_versions()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", new string('o', 512));
        file.Write(0, Encoding.ASCII.GetBytes(new string('n', 512)));
        var options = new CrashOptions { TearSectors = true };
        var random = new SeededRandom(7);

        bool mixed = false;
        for (int round = 0; round < 100; round++)
        {
            string content = ReadAll(disk.CrashClone(random, options), "a");
            mixed |= content.Contains('o') && content.Contains('n');
        }

        mixed.ShouldBeTrue();
    }

    [Fact]
    public void Zero_fill_is_undone_by_a_crash_and_takes_no_memory()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", new string('o', 8192));
        file.Write(0, new byte[64 << 20]).ShouldBe(DiskOutcome.Done);
        disk.ResidentBytes.ShouldBeLessThanOrEqualTo(8192);

        ReadAll(disk.CrashClone(new SeededRandom(1), Drop), "a").ShouldBe(new string('o', 8192));
        file.Sync();
        disk.Crash(new SeededRandom(1), Drop);
        disk.ResidentBytes.ShouldBe(0);
        disk.List()[0].Length.ShouldBe(64 << 20);
    }

    [Fact]
    public void Shrinking_and_growing_again_shows_zeros()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "abcdef");
        file.SetLength(2).ShouldBe(DiskOutcome.Done);
        file.SetLength(4).ShouldBe(DiskOutcome.Done);

        ReadAll(disk, "a").ShouldBe("ab\0\0");
        ReadAll(disk.CrashClone(new SeededRandom(1), KeepAll), "a").ShouldBe("ab\0\0");
        file.Sync();
        ReadAll(disk.CrashClone(new SeededRandom(1), Drop), "a").ShouldBe("ab\0\0");
    }

    [Fact]
    public void A_full_disk_takes_what_fits_and_works_again_when_it_grows()
    {
        var disk = new CrashableDisk(10);
        IDiskFile file = MakeFile(disk, "a", "12345678");

        file.Write(8, "abcd"u8).ShouldBe(DiskOutcome.Full);
        file.Length.ShouldBe(10);
        disk.FreeBytes.ShouldBe(0);
        file.Write(0, "x"u8).ShouldBe(DiskOutcome.Done, "overwriting takes no space");
        disk.Create("b", 1, out _).ShouldBe(DiskOutcome.Full);
        file.SetLength(11).ShouldBe(DiskOutcome.Full);

        disk.CapacityBytes = 20;
        file.Write(8, "abcd"u8).ShouldBe(DiskOutcome.Done);
        ReadAll(disk, "a").ShouldBe("x2345678abcd");
        disk.FreeBytes.ShouldBe(8);
    }

    [Fact]
    public void A_deleted_file_gives_its_space_back_when_its_last_handle_closes()
    {
        var disk = new CrashableDisk(10);
        IDiskFile file = MakeFile(disk, "a", "12345");
        disk.Delete("a");
        disk.FreeBytes.ShouldBe(5);
        file.Dispose();
        disk.FreeBytes.ShouldBe(10);
    }

    [Fact]
    public void What_a_failed_sync_dropped_is_lost_although_a_later_sync_succeeds()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", new string('o', 5000));
        file.Write(0, "n"u8);
        disk.FailNextSync();
        Should.Throw<DiskFailedException>(file.Sync);
        file.Write(4999, "n"u8);
        file.Sync();
        ReadAll(disk, "a")[0].ShouldBe('n');

        disk.Crash(new SeededRandom(1), KeepAll);

        ReadAll(disk, "a").ShouldBe(new string('o', 4999) + "n");
    }

    [Fact]
    public void Reads_fail_where_and_when_told()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "0123456789");
        disk.FailReads("a", 4, 2);
        var two = new byte[2];

        file.Read(2, two).ShouldBe(DiskOutcome.Done);
        file.Read(3, two).ShouldBe(DiskOutcome.ReadFailed);
        file.Read(6, two).ShouldBe(DiskOutcome.Done);
        file.Read(9, two).ShouldBe(DiskOutcome.ReadFailed, "beyond the end");
        disk.HealReads();
        file.Read(3, two).ShouldBe(DiskOutcome.Done);
        disk.FailNextReads(2, successesBefore: 1);
        file.Read(0, two).ShouldBe(DiskOutcome.Done);
        file.Read(0, two).ShouldBe(DiskOutcome.ReadFailed);
        file.Read(0, two).ShouldBe(DiskOutcome.ReadFailed);
        file.Read(0, two).ShouldBe(DiskOutcome.Done);
    }

    [Fact]
    public void Flipped_bits_stay_flipped()
    {
        var disk = new CrashableDisk();
        MakeFile(disk, "a", "0123456789");
        disk.FlipBits("a", 3, 1, 1, new SeededRandom(3));

        string content = ReadAll(disk, "a");
        content[..3].ShouldBe("012");
        content[3].ShouldNotBe('3');
        content[4..].ShouldBe("456789");
        ReadAll(disk.CrashClone(new SeededRandom(1), Drop), "a").ShouldBe(content);
    }

    [Fact]
    public void A_handle_from_before_the_crash_is_dead_and_a_process_restart_keeps_the_page_cache()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "0");
        file.Write(0, "1"u8);
        disk.Restart();

        Should.Throw<InvariantException>(() => file.Write(0, "2"u8));
        file.Dispose();
        ReadAll(disk, "a").ShouldBe("1");
        ReadAll(disk.CrashClone(new SeededRandom(1), Drop), "a").ShouldBe("0");
    }

    [Fact]
    public void Too_many_images_are_an_error_not_an_endless_test()
    {
        var disk = new CrashableDisk();
        IDiskFile file = MakeFile(disk, "a", "0");
        file.Write(0, new string('x', 512 * 20).Select(c => (byte)c).ToArray());

        Should.Throw<InvariantException>(() => disk.CrashClones(Subset, imagesMax: 1000).Count());
    }

    [Fact]
    public void The_hook_sees_every_mutation_before_it_happens()
    {
        var disk = new CrashableDisk();
        var lengths = new List<long>();
        disk.BeforeMutation = seen => lengths.Add(seen.List().Sum(file => file.Length));
        IDiskFile file = MakeFile(disk, "a", "0");
        file.Write(1, "1"u8);
        disk.Delete("a");

        lengths.Count.ShouldBe((int)disk.Calls.Mutations);
        lengths[^1].ShouldBe(2);
    }

    private static IDiskFile MakeFile(CrashableDisk disk, string name, string content)
    {
        disk.Create(name, 0, out IDiskFile? file).ShouldBe(DiskOutcome.Done);
        file!.Write(0, Encoding.ASCII.GetBytes(content)).ShouldBe(DiskOutcome.Done);
        file.Sync();
        disk.SyncDirectory();
        return file;
    }

    private static string Describe(CrashableDisk disk) =>
        string.Join(',', disk.List().Select(file => $"{file.Name}={ReadAll(disk, file.Name)}"));

    private static string ReadAll(CrashableDisk disk, string name)
    {
        using IDiskFile file = disk.Open(name);
        var bytes = new byte[file.Length];
        file.Read(0, bytes).ShouldBe(DiskOutcome.Done);
        return Encoding.ASCII.GetString(bytes).TrimEnd(bytes.Length > 1 << 20 ? '\0' : '\uffff');
    }
}
