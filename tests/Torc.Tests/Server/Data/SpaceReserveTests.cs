using Torc.Server.Data;
using Torc.Simulator.Disks;
using Torc.Storage.Disk;

namespace Torc.Tests.Server.Data;

public sealed class SpaceReserveTests
{
    private const int FileBytes = 20_000;
    private readonly CrashableDisk _disk = new();

    [Fact]
    public void Files_are_replaced_as_often_as_wanted_while_the_disk_stays_full()
    {
        using var reserve = new SpaceReserve(_disk);
        Replace(reserve, 0).ShouldBe(DiskOutcome.Done);
        reserve.IsWhole.ShouldBeTrue();
        FillDisk();
        for (byte version = 1; version < 200; version++)
        {
            Replace(reserve, version).ShouldBe(DiskOutcome.Done);
            Content().ShouldBe(Version(version));
        }
        reserve.IsWhole.ShouldBeTrue("what the old file took is taken back");
    }

    [Fact]
    public void What_was_given_up_is_taken_back_by_a_later_run_as_soon_as_there_is_room()
    {
        using (var reserve = new SpaceReserve(_disk))
        {
            FillDisk();
            Replace(reserve, 1).ShouldBe(DiskOutcome.Full, "there was never room to hold anything back");
            reserve.IsWhole.ShouldBeFalse();
        }
        using var later = new SpaceReserve(_disk);
        later.TryFill();
        later.IsWhole.ShouldBeFalse();
        _disk.CapacityBytes = long.MaxValue;
        later.TryFill();
        later.IsWhole.ShouldBeTrue();
        FillDisk();
        Replace(later, 2).ShouldBe(DiskOutcome.Done);
    }

    private static byte[] Version(byte version) => [.. Enumerable.Repeat(version, FileBytes)];

    private static DiskOutcome Replace(SpaceReserve reserve, byte version) => reserve.Write("MAP", Version(version));

    private byte[]? Content() => ReplacedFile.Read(_disk, "MAP", FileBytes, out _);

    private long UsedBytes() => _disk.List().Sum(static file => file.Length);

    private void FillDisk() => _disk.CapacityBytes = UsedBytes();
}
