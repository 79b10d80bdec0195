using Torc.Node;
using Torc.Node.Shards;

namespace Torc.Tests.Node.Shards;

/// <summary>What a shard remembers of its copies, across restarts.</summary>
public sealed class CompletenessTests
{
    private readonly DiskShard _onDisk = new();

    [Fact]
    public void A_restarted_shard_has_saved_what_it_is_before_it_serves()
    {
        (Shard first, _) = _onDisk.Open(nodes: 0);
        first.Store.AppendedOffset.ShouldBeGreaterThan(0);
        _onDisk.Stop(first.Store);

        (Shard second, Outbox outbox) = _onDisk.Open(nodes: 0);
        outbox.ColdReads.ShouldBeEmpty("a host need not run what is asked for before it serves");
        second.Store.Statistics.AppendedBytesTotal.ShouldBeGreaterThan(0);
        outbox.Barrier.ShouldBe(second.Store.AppendedOffset);
        _onDisk.Stop(second.Store);
    }
}
