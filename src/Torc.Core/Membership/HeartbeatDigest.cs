using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Membership;

/// <summary>
/// What a round of gossip and its answer say. Counters rise at about the same pace everywhere, and ids are dense, so that an
/// entry is the distance to the one before and the distance to the sender's own counter: two bytes mostly, two kilobytes for a
/// thousand nodes.
/// <code>
/// +--------------+-------------+-----------------------+---------------+---------+
/// | cluster id 8 | map epoch 8 | sender's incarnation 8 | its counter 8 | count 2 |
/// +--------------+-------------+-----------------------+---------------+---------+
///  entry: (id - previous id) * 2 + has incarnation, varint | sender's counter - counter, zigzag varint | incarnation 8, when it has
/// </code>
/// Ids ascend; the first is relative to -1. A varint has seven bits a byte, low ones first.
/// </summary>
internal sealed class HeartbeatDigest
{
    /// <summary>No counter goes beyond, so that none can be driven to the end of its range.</summary>
    public const ulong CounterMax = 1UL << 62;

    public readonly record struct Entry(ushort Node, ulong Counter, ulong Incarnation);

    public ulong ClusterId { get; init; }

    public ulong MapEpoch { get; init; }

    public ulong Incarnation { get; init; }

    public ulong Counter { get; init; }

    /// <summary>In ascending order of node.</summary>
    public List<Entry> Entries { get; } = [];

    public void Encode(ByteWriter to)
    {
        to.WriteUInt64(ClusterId);
        to.WriteUInt64(MapEpoch);
        to.WriteUInt64(Incarnation);
        to.WriteUInt64(Counter);
        to.WriteUInt16((ushort)Entries.Count);
        int previous = -1;
        foreach (Entry entry in Entries)
        {
            Check.That(entry.Node > previous);
            WriteVarint(to, (ulong)(entry.Node - previous) * 2 + (entry.Incarnation == 0 ? 0UL : 1UL));
            long distance = (long)(Counter - entry.Counter);
            WriteVarint(to, (ulong)(distance << 1 ^ distance >> 63));
            if (entry.Incarnation != 0)
                to.WriteUInt64(entry.Incarnation);
            previous = entry.Node;
        }
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out HeartbeatDigest? digest)
    {
        var from = new ByteReader(bytes);
        digest = new HeartbeatDigest
        {
            ClusterId = from.ReadUInt64(),
            MapEpoch = from.ReadUInt64(),
            Incarnation = from.ReadUInt64(),
            Counter = from.ReadUInt64(),
        };
        int count = from.ReadUInt16();
        bool sound = count <= Placement.ClusterMap.NodesMax && digest.Counter <= CounterMax;
        long node = -1;
        for (int i = 0; i < count && sound && !from.Failed; i++)
        {
            ulong head = ReadVarint(ref from), zigzag = ReadVarint(ref from);
            ulong incarnation = (head & 1) == 0 ? 0 : from.ReadUInt64();
            node += (long)(head >> 1 & ushort.MaxValue);
            ulong counter = digest.Counter - (ulong)((long)(zigzag >> 1) ^ -(long)(zigzag & 1));
            sound = head >> 1 is > 0 and <= ushort.MaxValue && node <= ushort.MaxValue && counter <= CounterMax;
            if (sound)
                digest.Entries.Add(new Entry((ushort)node, counter, incarnation));
        }
        if (!sound || !from.Complete)
            digest = null;
        return digest is not null;
    }

    private static void WriteVarint(ByteWriter to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }

    private static ulong ReadVarint(ref ByteReader from)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = from.ReadByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                break;
        }
        return value;
    }
}
