namespace Torc.Core.Repair;

/// <summary>
/// The root of one keyspace's tree of a partition, as a replica tells it. Keyspaces without rows are left out.
/// <code>
/// +------------+----------------------+--------+
/// | keyspace 1 | depth 1, 0: no tree  | root 8 |   each keyspace with rows
/// +------------+----------------------+--------+
/// </code>
/// </summary>
public readonly record struct PeerRoot(bool IsEmpty, int Depth, ulong Hash)
{
    public bool IsBuilt => Depth > 0;

    /// <summary>Appends one; a null tree: there are rows, and no tree of them now.</summary>
    public static void Write(ByteWriter to, byte keyspace, MerkleTree? tree)
    {
        to.WriteByte(keyspace);
        to.WriteByte((byte)(tree?.Depth ?? 0));
        to.WriteUInt64(tree?.Root ?? 0);
    }

    /// <summary>Fills one for each keyspace of the list; false unless each that was sent is one of them.</summary>
    public static bool TryReadAll(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> keyspaces, Span<PeerRoot> roots)
    {
        roots.Fill(new PeerRoot(IsEmpty: true, 0, 0));
        var reader = new ByteReader(bytes);
        while (reader.Remaining > 0)
        {
            int place = keyspaces.IndexOf(reader.ReadByte());
            byte depth = reader.ReadByte();
            ulong hash = reader.ReadUInt64();
            if (reader.Failed || place < 0 || depth > MerkleTree.DepthMax)
                return false;
            // Rows that are all under the floor leave a root of 0.
            roots[place] = new PeerRoot(IsEmpty: depth > 0 && hash == 0, depth, hash);
        }
        return true;
    }
}
