using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Replication;

/// <summary>Every command of a client runs through these: they are reused and allocate nothing.</summary>
public sealed class QuorumAllocationTests
{
    [Fact]
    public void Reads_with_repair_and_writes_allocate_nothing()
    {
        const int rounds = 10_000;
        var read = new QuorumRead();
        var write = new QuorumWrite();
        int decided = 0, runs = 0;
        Allocations.Least(() =>
        {
            runs++;
            for (int round = 0; round < rounds; round++)
            {
                decided += Read(read) == ReadDecision.Repaired ? 1 : 0;
                write.Begin(3, 2);
                write.Acknowledge(0, true, new Version(1, 1), true);
                write.Acknowledge(2, true, new Version(1, 1), true);
                decided += write.Decision == WriteDecision.Acknowledged ? 1 : 0;
            }
        }).ShouldBe(0);
        decided.ShouldBe(2 * rounds * runs);
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
