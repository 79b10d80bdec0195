using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Replication;

/// <summary>Every command of a client runs through these: they are reused and allocate nothing.</summary>
public sealed class QuorumAllocationTests
{
    [Fact]
    public void Reads_with_repair_and_writes_allocate_nothing()
    {
        var read = new QuorumRead();
        var write = new QuorumWrite();
        int decided = 0;
        long before = 0;
        for (int round = 0; round < 10_100; round++)
        {
            if (round == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            decided += Read(read) == ReadDecision.Repaired ? 1 : 0;
            write.Begin(3, 2);
            write.Acknowledge(0, true, new Version(1, 1), true);
            write.Acknowledge(2, true, new Version(1, 1), true);
            decided += write.Decision == WriteDecision.Acknowledged ? 1 : 0;
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        decided.ShouldBe(20_200);
    }

    private static ReadDecision Read(QuorumRead read)
    {
        read.Begin(3, 2, localIndex: 0);
        read.Answer(0, 5, new Version(1, 1), true, true);
        read.Answer(1, 6, new Version(2, 1), true, false);
        foreach (int replica in read.TakeDataNeeded())
            read.Answer(replica, 6, new Version(2, 1), true, true);
        read.Merged(6);
        foreach (int replica in read.TakeRepairsNeeded())
            read.RepairAcknowledged(replica, true);
        return read.Decision;
    }
}
