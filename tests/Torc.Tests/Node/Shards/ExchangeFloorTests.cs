using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Repair;
using Torc.Node.Shards;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Shards;

/// <summary>A copy that is completed goes by the garbage floor of the one that it pulls from. Two nodes, one partition on both; the copy on node 1 does not count.</summary>
public sealed class ExchangeFloorTests
{
    private readonly LoopCluster _cluster = new(2, partitions: 1, shards: 1);

    public ExchangeFloorTests()
    {
        _cluster[0].Call("SET", "kept", "v").ShouldBe("+OK");
        _cluster[1].ShardTurn(0, shard =>
        {
            using var delta = new ByteWriter();
            Version version = RowWriter.String(delta, new Version(90, 1), "old"u8, 0);
            RowView.TryDecode(version, delta.Written, out RowView row).ShouldBeTrue();
            shard.Rows.Apply(Forgotten, row, null, shard.Outbox).Outcome.ShouldBe(ApplyOutcome.Applied);
            shard.SetComplete(0, false);
        });
    }

    [Fact]
    public void What_a_whole_copy_has_deleted_and_forgotten_is_dropped()
    {
        Raise();
        _cluster.Elapse(500);
        ShouldHaveForgotten();
    }

    [Fact]
    public void Also_when_the_floor_rises_after_the_peer_has_told_its_roots()
    {
        _cluster.Cut(0, 1);
        _cluster.Elapse(40);
        Raise();
        _cluster.Heal(0, 1);
        _cluster.Elapse(500);
        ShouldHaveForgotten();
    }

    [Fact]
    public void A_row_of_that_age_stays_where_there_is_no_floor()
    {
        _cluster.Elapse(500);
        Holds(1).ShouldBeTrue();
        IsComplete(1).ShouldBeTrue();
    }

    private static RecordKey Forgotten => new(0, 0, "forgotten"u8);

    /// <summary>Node 0 has taken part in an agreement.</summary>
    private void Raise() => _cluster[0].ShardTurn(0, shard => shard.Garbage.TrySave(shard, 0, new CopyFloor(100, 100, 100)).ShouldBeTrue());

    private void ShouldHaveForgotten()
    {
        Holds(1).ShouldBeFalse();
        IsComplete(1).ShouldBeTrue();
        _cluster[1].ShardTurn(0, shard => shard.Garbage.Of(0).ShouldBe(new CopyFloor(100, 100, 100)));
        _cluster[1].Call("GET", "kept").ShouldBe("$1 v");
    }

    private bool Holds(int node) => _cluster[node].Node.Shards[0].Store.Find(Forgotten, null, out _, out _) == FindOutcome.Found;

    private bool IsComplete(int node) => _cluster[node].Node.Shards[0].CompletePartitions[0];
}
