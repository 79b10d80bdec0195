using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>What an operator asks of the cluster through this node.</summary>
/// <param name="Number">Given by the host, unique in this process.</param>
/// <param name="Change">What to change; null cancels the change under way.</param>
public sealed record ClusterRequest(long Number, ChangeRequest? Change);

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
