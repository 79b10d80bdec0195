using Torc.Base;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Replication;

public sealed class ReplicaSetTests
{
    [Fact]
    public void Behaves_like_a_set()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            var random = new SeededRandom(seed);
            (ReplicaSet left, SortedSet<int> leftTwin) = Draw(random);
            (ReplicaSet right, SortedSet<int> rightTwin) = Draw(random);
            Members(left).ShouldBe(leftTwin);
            left.Count.ShouldBe(leftTwin.Count);
            left.First.ShouldBe(leftTwin.Count == 0 ? -1 : leftTwin.Min);
            Members(left.Or(right)).ShouldBe(leftTwin.Union(rightTwin).Order());
            Members(left.And(right)).ShouldBe(leftTwin.Intersect(rightTwin).Order());
            Members(left.Except(right)).ShouldBe(leftTwin.Except(rightTwin).Order());
            for (int replica = 0; replica < ReplicaSet.ReplicasMax; replica++)
                left.Contains(replica).ShouldBe(leftTwin.Contains(replica));
        }
    }

    [Fact]
    public void Holds_all_sixteen_and_no_more()
    {
        ReplicaSet.FirstOf(16).Count.ShouldBe(16);
        ReplicaSet.FirstOf(16).Contains(16).ShouldBeFalse();
        ReplicaSet.FirstOf(16).Contains(-1).ShouldBeFalse();
        Should.Throw<InvariantException>(() => ReplicaSet.Empty.With(16));
    }

    private static List<int> Members(ReplicaSet set)
    {
        var members = new List<int>();
        foreach (int replica in set)
            members.Add(replica);
        return members;
    }

    private static (ReplicaSet, SortedSet<int>) Draw(SeededRandom random)
    {
        ReplicaSet set = ReplicaSet.Empty;
        var twin = new SortedSet<int>();
        for (int count = random.Below(30); count > 0; count--)
        {
            int replica = random.Below(ReplicaSet.ReplicasMax);
            bool isAdded = random.Chance(0.7);
            set = isAdded ? set.With(replica) : set.Without(replica);
            if (isAdded)
                twin.Add(replica);
            else
                twin.Remove(replica);
        }
        return (set, twin);
    }
}
