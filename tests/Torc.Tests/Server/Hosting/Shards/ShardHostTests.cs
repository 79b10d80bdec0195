using Torc.Server.Hosting;
using Torc.Storage;

namespace Torc.Tests.Server.Hosting.Shards;

public sealed class ShardHostTests
{
    private const int RowBytes = 1 << 20;
    private const int AlignmentBytes = 8;

    /// <summary>The thread that prepares segments has ended by then.</summary>
    [Theory]
    [InlineData(Durability.Always)]
    [InlineData(Durability.OperatingSystem)]
    public void A_log_without_room_for_the_mark_of_a_clean_stop_gets_some(Durability durability)
    {
        using var hosted = new HostedShard(durability, starts: false);
        ShardStore store = hosted.Host.Store;
        int put = 0;
        while (TryPut(store, put, RowBytes))
        {
            put++;
            hosted.Host.Committer.FlushNow();
        }
        int last = RowBytes - sizeof(int); // with the key's four bytes a multiple of a record's alignment
        while (!TryPut(store, put, last))
            last = last >= AlignmentBytes ? last - AlignmentBytes : throw new InvalidOperationException("nothing fits");
        store.CloseClean().ShouldBe(PutOutcome.Stalled, "the log is full to the last byte, and no segment is prepared");
        hosted.Host.StopCleanly();

        ShardStore.Open(hosted.Disk, new StorageOptions { SegmentBytes = HostedShard.SegmentBytes, Durability = durability }, HostClock.Now, out ShardStore? opened, out RecoveryReport report)
            .ShouldBe(OpenOutcome.Opened);
        report.CleanStop.ShouldBeTrue();
        opened!.Dispose();
    }

    private static bool TryPut(ShardStore store, int number, int bytes)
    {
        var key = new RecordKey(0, 0, BitConverter.GetBytes(number));
        store.Find(key, null, out _, out _).ShouldBe(FindOutcome.NotFound);
        return store.Put(key, RecordFlags.None, UInt128.One, new byte[bytes]) == PutOutcome.Done;
    }
}
