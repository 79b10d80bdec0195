using Torc.Node;
using Torc.Node.Shards;
using Torc.Storage.Disk;

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

    /// <summary>With peers nothing counts before they were asked; a node alone has nobody to ask, and serves what is left.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void A_copy_whose_log_lost_its_end_does_not_count_while_others_may_have_it(int nodes, bool stopsCleanly)
    {
        (Shard first, Outbox outbox) = _onDisk.Open(nodes);
        first.BeginTurn(DiskShard.Now, outbox);
        first.SetComplete(0, true);
        first.EndTurn();
        _onDisk.Stop(first.Store, stopsCleanly);
        (Shard whole, _) = _onDisk.Open(nodes);
        whole.IsComplete(0).ShouldBeTrue();
        _onDisk.Stop(whole.Store, stopsCleanly);

        string newest = _onDisk.Disk.List().Last(static file => file.Name.StartsWith("segment-", StringComparison.Ordinal)).Name;
        using (IDiskFile file = _onDisk.Disk.Open(newest))
            file.SetLength(64);
        (Shard second, _) = _onDisk.Open(nodes);
        second.IsComplete(0).ShouldBe(nodes == 1);
        second.Store.Dispose();
    }
}
