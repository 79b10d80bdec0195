namespace Torc.Core.Repair;

/// <summary>The Merkle trees of this replica's copy of one partition, as they are now.</summary>
public interface IOwnTrees
{
    /// <summary>False: there are rows, and no tree of them now. A null tree: there are no rows.</summary>
    bool TryGetTree(byte keyspace, out MerkleTree? tree);
}
