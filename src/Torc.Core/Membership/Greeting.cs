using System.Diagnostics.CodeAnalysis;
using Torc.Core.Placement;

namespace Torc.Core.Membership;

/// <summary>
/// What nodes tell each other while a cluster forms.
/// <code>
/// +----------+--------------------+----------------------------+----------+-------------------+-------------------+-------------+
/// | format 2 | settings digest  8 | sender, as in cluster map  | level  1 | identity count  2 | identities  8 each | map, a blob |
/// +----------+--------------------+----------------------------+----------+-------------------+-------------------+-------------+
/// </code>
/// </summary>
/// <param name="SettingsDigest">Of the <see cref="FormationSettings"/> that the sender was told.</param>
/// <param name="Sender">The sender as it wants to be in the map.</param>
/// <param name="Level">The highest <see cref="ClusterLevel"/> that the sender agrees to.</param>
/// <param name="Identities">By node id: a hash of each first node as the sender last heard of it, its birth and level included; 0 when it has not.</param>
/// <param name="Map">The sender's map; null while it has none.</param>
public sealed record Greeting(ulong SettingsDigest, NodeInfo Sender, byte Level, IReadOnlyList<ulong> Identities, ClusterMap? Map)
{
    private const byte Format = 2;

    public void Encode(ByteWriter to)
    {
        to.WriteByte(Format);
        to.WriteUInt64(SettingsDigest);
        ClusterMapCodec.WriteNode(to, Sender);
        to.WriteByte(Level);
        to.WriteUInt16((ushort)Identities.Count);
        foreach (ulong identity in Identities)
            to.WriteUInt64(identity);
        using var map = new ByteWriter();
        Map?.Encode(map);
        to.WriteBlob(map.Written);
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Greeting? greeting)
    {
        greeting = null;
        var from = new ByteReader(bytes);
        if (from.ReadByte() != Format)
            return false;
        ulong settingsDigest = from.ReadUInt64();
        if (!ClusterMapCodec.TryReadNode(ref from, out NodeInfo? sender))
            return false;
        byte level = from.ReadByte();
        int count = from.ReadUInt16();
        if (from.Failed || level < ClusterLevel.Oldest || count > ClusterMap.NodesMax)
            return false;
        var identities = new ulong[count];
        for (int index = 0; index < count; index++)
            identities[index] = from.ReadUInt64();
        ReadOnlySpan<byte> mapBytes = from.ReadBlob();
        if (!from.Complete)
            return false;
        ClusterMap? map = null;
        if (!mapBytes.IsEmpty && !ClusterMap.TryDecode(mapBytes, out map))
            return false;
        greeting = new Greeting(settingsDigest, sender, level, identities, map);
        return true;
    }
}
