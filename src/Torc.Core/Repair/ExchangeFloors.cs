namespace Torc.Core.Repair;

/// <summary>
/// How the garbage floors of both sides bear on an exchange: so that replicas that collected tombstones at different times do not bring them, or what they covered,
/// back to each other. Rows of users only: nothing else is collected.
/// </summary>
/// <param name="Own">What the pulling side does not hold at or below this stamp is deleted.</param>
/// <param name="PeerProof">What the peer holds at or below this stamp is not deleted; 0 when its copy is incomplete.</param>
/// <param name="PruneBelow">
/// Nothing mostly. When an incomplete copy pulls from a complete one: the peer's floor. What this side holds at or below it and the peer does not is what is left of a row that was deleted and forgotten.
/// </param>
public readonly record struct ExchangeFloors(ulong Own, ulong PeerProof, ulong PruneBelow)
{
    /// <summary>Rows that this side lacks, at or below it, are not taken from the peer: it may be the one that has not heard of their deletes. 0: it has.</summary>
    public ulong DoubtedBelow => PeerProof >= Own ? 0 : Own;

    /// <summary>Whether to leave a row of the peer alone that this side does not hold at all.</summary>
    public bool Skips(in RangeEntry theirs) =>
        theirs.Max.Stamp <= Own && (DoubtedBelow != 0 || theirs.Digest == Cells.RowView.Tombstone(theirs.Max).Digest);
}
