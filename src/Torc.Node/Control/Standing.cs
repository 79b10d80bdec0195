namespace Torc.Node.Control;

/// <summary>What this node is to its cluster.</summary>
public enum Standing : byte
{
    /// <summary>One of the first nodes of a cluster that is not made yet, or that has not heard yet that it is.</summary>
    Forming,

    /// <summary>No member of any cluster: it knows some of one, and waits until an operator lets it in. It never makes a cluster.</summary>
    Joining,

    Member,

    /// <summary>It was a member. Nobody talks to it any more, and it never comes back under its id and birth.</summary>
    Removed,
}
