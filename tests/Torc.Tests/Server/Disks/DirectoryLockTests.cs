using Torc.Server.Disks;

namespace Torc.Tests.Server.Disks;

public sealed class DirectoryLockTests
{
    [Fact]
    public void The_second_taker_learns_who_holds_the_lock_until_it_is_left()
    {
        using var directory = new TemporaryDirectory();
        DirectoryLock? first = DirectoryLock.TryTake(directory.Path, out _);
        first.ShouldNotBeNull();
        DirectoryLock.TryTake(directory.Path, out int holder).ShouldBeNull();
        holder.ShouldBe(Environment.ProcessId);
        first.Dispose();
        using DirectoryLock? second = DirectoryLock.TryTake(directory.Path, out _);
        second.ShouldNotBeNull();
    }
}
