using Torc.Core.Replication;

namespace Torc.Core.Repair;

/// <summary>
/// When a replica that may lack acknowledged writes counts again. A write that was acknowledged is on a quorum of
/// complete replicas, of which this one may have been one: so it must have pulled from more complete others than a quorum leaves out, or from
/// all others, to hold whatever still exists. Reading a quorum would do, and is more than is needed where the number of replicas is even: with two, of
/// which one is gone for ever, nobody else could ever take its place.
/// </summary>
public static class CompletionRule
{
    /// <summary>Whether so many complete ones of this replica's data centre were pulled from that each quorum there, its own vote aside, has one of them.</summary>
    /// <param name="near">Replicas of the set in the data centre.</param>
    /// <param name="nearComplete">Those pulled from that were complete.</param>
    public static bool MeetsLocalQuorums(int near, int nearComplete) =>
        near == 0 || nearComplete > Levels.LeftOutByQuorum(near);

    /// <summary>Whether a whole copy that stays in a set which shrinks has pulled from so many complete others that together with it no quorum is without one of them.</summary>
    /// <param name="replicas">Of the set, or of its part in a data centre.</param>
    /// <param name="complete">Pulled from.</param>
    public static bool HasCaughtUp(int replicas, int complete) => complete >= Levels.LeftOutByQuorum(replicas);

    /// <param name="replicas">Length of the partition's set: what its quorum is a quorum of.</param>
    /// <param name="others">Replicas of the set that can be pulled from: all but this one; all of them for a newcomer that the partition is moving to.</param>
    /// <param name="finished">Those of them with which an exchange finished.</param>
    /// <param name="completeAtStart">Those of them that were complete when the exchange began.</param>
    public static bool IsComplete(int replicas, int others, ReplicaSet finished, ReplicaSet completeAtStart)
    {
        int complete = finished.And(completeAtStart).Count;
        return finished.Count >= others || complete > Levels.LeftOutByQuorum(replicas);
    }
}
