using Torc.Core.Consensus;

namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 9, of voters: what a voter promised for an epoch, and what it accepted, only rises. That no two maps come of it is <see cref="MapChecker"/>'s; a voter that
/// went back on its word is seen here whether or not somebody made use of it.
/// </summary>
public sealed class VoteChecker
{
    private readonly Dictionary<(ulong Birth, ulong Epoch), AcceptorState> _votes = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A voter made its vote durable.</summary>
    public void Saved(int node, AcceptorState vote)
    {
        (ulong, ulong) key = (vote.Birth, vote.Epoch);
        if (_votes.TryGetValue(key, out AcceptorState? before) && (vote.Promised < before.Promised || vote.Accepted < before.Accepted))
            _violations.Add(new Violation(9, $"node {node} promised {before.Promised} and accepted {before.Accepted} for epoch {vote.Epoch}, then {vote.Promised} and {vote.Accepted}"));
        _votes[key] = vote;
    }
}
