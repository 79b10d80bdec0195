using Torc.Core.Clocks;

namespace Torc.Core.Consensus;

/// <summary>The number of one attempt to have a value decided: totally ordered, and never used for two attempts.</summary>
/// <remarks>
/// The proposer is an <see cref="Actor"/>, a node and one run of it, and not the node alone: a node that restarts has forgotten its
/// rounds, and answers to an attempt of its earlier run must not be counted for a new one.
/// </remarks>
public readonly record struct Ballot(ulong Round, Actor Proposer) : IComparable<Ballot>
{
    /// <summary>Below every attempt's.</summary>
    public static Ballot None => default;

    public int CompareTo(Ballot other) =>
        Round != other.Round ? Round.CompareTo(other.Round) : Proposer.Value.CompareTo(other.Proposer.Value);

    public static bool operator <(Ballot left, Ballot right) => left.CompareTo(right) < 0;

    public static bool operator >(Ballot left, Ballot right) => left.CompareTo(right) > 0;

    public static bool operator <=(Ballot left, Ballot right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Ballot left, Ballot right) => left.CompareTo(right) >= 0;
}
