using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>What an operator asks of the cluster through this node.</summary>
/// <param name="Number">Given by the host, unique in this process.</param>
/// <param name="Wish">What is asked for.</param>
public sealed record ClusterRequest(long Number, ClusterWish Wish);

public abstract record ClusterWish
{
    /// <summary>A change, planned when its turn comes.</summary>
    public sealed record Change(ChangeRequest Request) : ClusterWish;

    /// <summary>End the change under way early.</summary>
    public sealed record Cancel : ClusterWish;

    /// <summary>Go on without these voters, which are gone for ever, although they are the majority.</summary>
    public sealed record RecoverVoters(IReadOnlyList<ushort> Lost) : ClusterWish;
}

public enum ClusterRequestState
{
    /// <summary>Being decided by the voters, or waiting for that.</summary>
    Deciding,

    /// <summary>Decided: it goes on by itself from here, whatever becomes of this node.</summary>
    Decided,

    Refused,
}

/// <summary>What became of a request.</summary>
/// <param name="Text">In words for the operator.</param>
public sealed record ClusterRequestReport(long Number, ClusterRequestState State, string Text);
