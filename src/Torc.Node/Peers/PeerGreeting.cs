// The first bytes each side of a link sends:
//
//   | magic "TORCPEER" | protocol u16 | node u16 | process id u32 | cluster id u64 | birth u64 | settings digest u64 | incarnation u64 |
//   | has secret u8 | nonce 16 | crc32c u32 |
//
// The checksum covers all before it. Another protocol version, another cluster, or other first nodes and settings, are refused before any frame
// is read. Who the node is in full, and its map, follow in a Greeting message of the control plane.

namespace Torc.Node.Peers;

/// <summary>Who a node says it is when a link opens.</summary>
/// <param name="Node">Its id; <see cref="Core.Placement.NodeInfo.NoId"/> for one that is to be given one.</param>
/// <param name="ProcessId">For people.</param>
/// <param name="SettingsDigest">Of what the first nodes must be told alike.</param>
/// <param name="Incarnation">New at every start.</param>
/// <param name="Nonce">Random, new for every connection: a proof for one is worth nothing on another.</param>
/// <param name="HasSecret">Whether it was given a cluster secret: then a proof of it follows, and one is expected.</param>
public sealed record PeerGreeting(
    ushort Node, int ProcessId, ulong SettingsDigest, ulong Incarnation, UInt128 Nonce = default, bool HasSecret = false)
{
    public const ushort ProtocolVersion = 3;
    public const int Bytes = 69;
    private const int VersionEnd = 10;

    /// <summary>The cluster that it is a member of; 0 while it is of none.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Of its data directory.</summary>
    public ulong Birth { get; init; }

    public void Encode(ByteWriter to)
    {
        int start = to.Length;
        to.Write("TORCPEER"u8);
        to.WriteUInt16(ProtocolVersion);
        to.WriteUInt16(Node);
        to.WriteUInt32((uint)ProcessId);
        to.WriteUInt64(ClusterId);
        to.WriteUInt64(Birth);
        to.WriteUInt64(SettingsDigest);
        to.WriteUInt64(Incarnation);
        to.WriteByte(HasSecret ? (byte)1 : (byte)0);
        to.WriteUInt64((ulong)Nonce);
        to.WriteUInt64((ulong)(Nonce >> 64));
        to.WriteUInt32(Crc32C.Compute(to.Written[start..]));
    }

    /// <summary>
    /// Decodes <see cref="Bytes"/> bytes; on failure <paramref name="problem"/> says why in a few words. Of fewer bytes it is empty
    /// while they may still become a greeting: other versions have other lengths, and their sender should be told so.
    /// </summary>
    public static PeerGreeting? TryDecode(ReadOnlySpan<byte> bytes, out string problem)
    {
        problem = "not a greeting of a Torc node";
        var reader = new ByteReader(bytes);
        ReadOnlySpan<byte> magic = "TORCPEER"u8;
        if (!magic.StartsWith(bytes[..Math.Min(bytes.Length, magic.Length)]))
            return null;
        if (bytes.Length < VersionEnd)
        {
            problem = "";
            return null;
        }
        reader.Take(magic.Length);
        ushort version = reader.ReadUInt16();
        if (version != ProtocolVersion)
        {
            problem = $"peer protocol version {version}; this node speaks {ProtocolVersion}";
            return null;
        }
        ushort node = reader.ReadUInt16();
        int processId = (int)reader.ReadUInt32();
        ulong clusterId = reader.ReadUInt64(), birth = reader.ReadUInt64();
        ulong digest = reader.ReadUInt64();
        ulong incarnation = reader.ReadUInt64();
        byte hasSecret = reader.ReadByte();
        ulong low = reader.ReadUInt64(), high = reader.ReadUInt64();
        uint checksum = reader.ReadUInt32();
        if (reader.Failed)
        {
            problem = "";
            return null;
        }
        if (!reader.Complete || hasSecret > 1 || checksum != Crc32C.Compute(bytes[..(Bytes - sizeof(uint))]))
        {
            problem = "a greeting with a wrong checksum";
            return null;
        }
        problem = "";
        return new PeerGreeting(node, processId, digest, incarnation, new UInt128(high, low), hasSecret == 1) { ClusterId = clusterId, Birth = birth };
    }
}
