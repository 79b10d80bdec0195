using Torc.Core.Placement;

namespace Torc.Core.Consensus;

/// <summary>One who votes: a node with the data directory that it had when it was made a voter.</summary>
public readonly record struct Voter(ushort Node, ulong Birth);

/// <summary>
/// Who decides the map that follows the map of <see cref="Epoch"/>. Each epoch is an instance of consensus of its own, and has its own
/// electorate, named by its map.
/// </summary>
public sealed class Electorate
{
    private readonly Voter[] _voters;

    public Electorate(ulong epoch, IEnumerable<Voter> voters)
    {
        Epoch = epoch;
        _voters = [.. voters];
        Check.That(epoch > 0 && _voters.Length is > 0 and <= ClusterMap.VotersMax);
        Check.That(_voters.Select(voter => voter.Node).Distinct().Count() == _voters.Length);
    }

    public static Electorate Of(ClusterMap map) =>
        new(map.Epoch, map.Voters.Select(voter => new Voter(voter, map.NodeOf(voter)!.Birth)));

    public ulong Epoch { get; }

    public IReadOnlyList<Voter> Voters => _voters;

    public int Majority => _voters.Length / 2 + 1;

    /// <summary>Index of a voter, or -1. A node that lost its data directory has another birth, and is none.</summary>
    public int IndexOf(Voter voter) => Array.IndexOf(_voters, voter);
}
