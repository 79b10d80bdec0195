using Torc.Base;
using Torc.Server.Disks;
using Torc.Storage.Disk;

namespace Torc.Tests.Server.Disks;

public sealed class LibcDiskTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly LibcDisk _disk;

    public LibcDiskTests() => _disk = LibcDisk.OpenDirectory(_directory.Path);

    public void Dispose()
    {
        _disk.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_made_file_is_zeros_and_keeps_what_is_written_at_its_offset(bool writesZeros)
    {
        const int length = (1 << 20) + 4_097;
        DiskOutcome made = writesZeros ? _disk.Create("a", length, out IDiskFile? file) : _disk.Allocate("a", length, out file);
        made.ShouldBe(DiskOutcome.Done);
        file!.Length.ShouldBe(length);
        byte[] content = new byte[length];
        new SeededRandom(7).Fill(content.AsSpan(5_000, 100));
        file!.Write(5_000, content.AsSpan(5_000, 100)).ShouldBe(DiskOutcome.Done);
        file.Sync();
        file.Dispose();
        _disk.SyncDirectory();

        File.ReadAllBytes(_directory.File("a")).AsSpan().SequenceEqual(content).ShouldBeTrue();
        using IDiskFile again = _disk.Open("a");
        again.Length.ShouldBe(length);
        byte[] read = new byte[200];
        again.Read(4_950, read).ShouldBe(DiskOutcome.Done);
        read.AsSpan().SequenceEqual(content.AsSpan(4_950, 200)).ShouldBeTrue();
    }

    [Fact]
    public void A_read_past_the_end_fails_and_a_write_past_the_end_grows()
    {
        _disk.Create("a", 10, out IDiskFile? file).ShouldBe(DiskOutcome.Done);
        using (file)
        {
            file!.Read(5, new byte[6]).ShouldBe(DiskOutcome.ReadFailed);
            file.Write(8, [1, 2, 3, 4]).ShouldBe(DiskOutcome.Done);
            file.Length.ShouldBe(12);
            file.Read(5, new byte[6]).ShouldBe(DiskOutcome.Done);
            file.SetLength(3).ShouldBe(DiskOutcome.Done);
            file.Length.ShouldBe(3);
            file.Read(0, new byte[4]).ShouldBe(DiskOutcome.ReadFailed);
        }
    }

    [Fact]
    public void Files_are_listed_by_name_and_follow_renames_and_deletions()
    {
        foreach (string name in new[] { "b", "a", "C" })
        {
            _disk.Create(name, 1, out IDiskFile? file).ShouldBe(DiskOutcome.Done);
            file!.Dispose();
        }
        Directory.CreateDirectory(_directory.File("subdirectory"));
        _disk.List().ShouldBe([new("C", 1), new("a", 1), new("b", 1)]);
        _disk.Rename("a", "d");
        _disk.Delete("b");
        _disk.List().ShouldBe([new("C", 1), new("d", 1)]);
    }

    [Fact]
    public void Making_a_file_that_exists_is_refused_and_leaves_it_alone()
    {
        File.WriteAllText(_directory.File("a"), "mine");
        Should.Throw<DiskFailedException>(() => _disk.Create("a", 10, out _)).Message.ShouldContain("File exists");
        File.ReadAllText(_directory.File("a")).ShouldBe("mine");
    }

    [Fact]
    public void A_device_without_room_is_full_and_a_failed_sync_names_the_file()
    {
        using LibcDisk devices = LibcDisk.OpenDirectory("/dev");
        using IDiskFile full = devices.Open("full");
        full.Write(0, [1]).ShouldBe(DiskOutcome.Full);
        DiskFailedException failure = Should.Throw<DiskFailedException>(full.Sync);
        failure.Message.ShouldStartWith("sync of /dev/full failed: ");
        failure.Message.ShouldContain("errno");
    }

    [Fact]
    public void A_missing_file_is_named_with_the_error()
    {
        Should.Throw<DiskFailedException>(() => _disk.Open("missing")).Message
            .ShouldBe($"open of {_directory.File("missing")} failed: No such file or directory (errno 2)");
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void Names_that_leave_the_directory_are_refused(string name) =>
        Should.Throw<ArgumentException>(() => _disk.Delete(name));

    [Fact]
    public void Missing_parents_are_made()
    {
        using LibcDisk deep = LibcDisk.OpenDirectory(_directory.File("x/y/z"));
        Directory.Exists(_directory.File("x/y/z")).ShouldBeTrue();
        deep.FreeBytes.ShouldBeGreaterThan(0);
    }
}
