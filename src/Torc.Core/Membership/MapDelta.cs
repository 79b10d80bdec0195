using Torc.Core.Placement;

namespace Torc.Core.Membership;

/// <summary>
/// What a cluster map changes in an older one, for peers that hold that: the encodings are compared byte by byte, so that a
/// change of one partition costs some tens of bytes where the map of a thousand nodes has a hundred thousand.
/// <code>
/// +--------------+---------------+-------------+---------------------+--------------------------------------------+
/// | base epoch 8 | cluster id  8 | new epoch 8 | hash of the new 8   | steps: copied u32 | from u32 | inserted blob |
/// +--------------+---------------+-------------+---------------------+--------------------------------------------+
/// </code>
/// Base epoch 0 is nothing: the one step inserts the whole map. A step copies bytes of the base, then inserts. The hash is
/// that of the whole encoding: a base that differs from the sender's, which no two nodes of one epoch have, shows.
/// </summary>
internal static class MapDelta
{
    /// <summary>A map of <see cref="ClusterMap.NodesMax"/> nodes and <see cref="ClusterMap.PartitionsMax"/> partitions stays below.</summary>
    public const int MapBytesMax = 4 << 20;

    private const int BlockBytes = 16;

    /// <param name="from">What the receiver holds, or null for a whole map.</param>
    /// <param name="map">What it shall hold.</param>
    /// <param name="to">Receives the message.</param>
    public static void Encode(ClusterMap? from, ClusterMap map, ByteWriter to)
    {
        using var older = new ByteWriter();
        using var newer = new ByteWriter();
        from?.Encode(older);
        map.Encode(newer);
        to.WriteUInt64(from?.Epoch ?? 0);
        to.WriteUInt64(map.ClusterId);
        to.WriteUInt64(map.Epoch);
        to.WriteUInt64(StableHash.Hash64(newer.Written));
        WriteSteps(older.Written, newer.Written, to);
    }

    /// <summary>The new map; null when the bytes are not one, or <paramref name="current"/> is not their base.</summary>
    public static ClusterMap? Apply(ReadOnlySpan<byte> message, ClusterMap current)
    {
        var reader = new ByteReader(message);
        ulong baseEpoch = reader.ReadUInt64(), clusterId = reader.ReadUInt64(), epoch = reader.ReadUInt64(), hash = reader.ReadUInt64();
        if (reader.Failed || clusterId != current.ClusterId || epoch <= current.Epoch || (baseEpoch != 0 && baseEpoch != current.Epoch))
            return null;
        using var older = new ByteWriter();
        using var newer = new ByteWriter();
        if (baseEpoch != 0)
            current.Encode(older);
        while (reader.Remaining > 0 && !reader.Failed && newer.Length <= MapBytesMax)
        {
            uint copied = reader.ReadUInt32(), from = reader.ReadUInt32();
            ReadOnlySpan<byte> inserted = reader.ReadBlob();
            if (reader.Failed || (ulong)from + copied > (ulong)older.Length)
                return null;
            newer.Write(older.Written.Slice((int)from, (int)copied));
            newer.Write(inserted);
        }
        if (!reader.Complete || StableHash.Hash64(newer.Written) != hash || !ClusterMap.TryDecode(newer.Written, out ClusterMap? map))
            return null;
        return map.ClusterId == clusterId && map.Epoch == epoch ? map : null;
    }

    /// <summary>
    /// Finds each block of the base in the new bytes by its hash and extends the match, greedily from the front: rows that moved
    /// because one was put in or taken out are found where they are.
    /// </summary>
    private static void WriteSteps(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, ByteWriter to)
    {
        var blocks = new Dictionary<ulong, int>();
        for (int at = 0; at + BlockBytes <= older.Length; at += BlockBytes)
            blocks.TryAdd(StableHash.Hash64(older.Slice(at, BlockBytes)), at);
        int copied = 0, from = 0, inserted = 0, next = 0;
        while (next < newer.Length && blocks.Count > 0)
        {
            int match = FindMatch(older, newer, next, blocks, expected: from + copied + (next - inserted), out int start);
            if (match == 0)
            {
                next++;
                continue;
            }
            if (next > 0)
                WriteStep(to, copied, from, newer[inserted..next]);
            (copied, from) = (match, start);
            next += match;
            inserted = next;
        }
        WriteStep(to, copied, from, newer[inserted..]);
    }

    private static void WriteStep(ByteWriter to, int copied, int from, ReadOnlySpan<byte> inserted)
    {
        to.WriteUInt32((uint)copied);
        to.WriteUInt32((uint)from);
        to.WriteBlob(inserted);
    }

    /// <summary>How many bytes from <paramref name="next"/> on are in the base, tried first where they would be if nothing had moved.</summary>
    private static int FindMatch(
        ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, int next, Dictionary<ulong, int> blocks, int expected, out int start)
    {
        start = expected;
        if (newer.Length - next < BlockBytes)
            return 0;
        if (expected < older.Length)
        {
            int same = older[expected..].CommonPrefixLength(newer[next..]);
            if (same >= BlockBytes)
                return same;
        }
        if (!blocks.TryGetValue(StableHash.Hash64(newer.Slice(next, BlockBytes)), out start))
            return 0;
        int length = older[start..].CommonPrefixLength(newer[next..]);
        return length >= BlockBytes ? length : 0;
    }
}
