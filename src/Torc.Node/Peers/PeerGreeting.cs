// The first bytes each side of a link sends:
//
//   | magic "TORCPEER" | protocol u16 | node u16 | process id u32 | settings digest u64 | incarnation u64 | crc32c u32 |
//
// The checksum covers all before it. Another protocol version, or other first nodes and settings, are refused before any frame
// is read. Who the node is in full, and its map, follow in a Greeting message of the control plane.

namespace Torc.Node.Peers;

/// <summary>Who a node says it is when a link opens.</summary>
public sealed record PeerGreeting(ushort Node, int ProcessId, ulong SettingsDigest, ulong Incarnation)
{
    public const ushort ProtocolVersion = 1;
    public const int Bytes = 36;

    public void Encode(ByteWriter to)
    {
        int start = to.Length;
        to.Write("TORCPEER"u8);
        to.WriteUInt16(ProtocolVersion);
        to.WriteUInt16(Node);
        to.WriteUInt32((uint)ProcessId);
        to.WriteUInt64(SettingsDigest);
        to.WriteUInt64(Incarnation);
        to.WriteUInt32(Crc32C.Compute(to.Written[start..]));
    }

    /// <summary>Decodes <see cref="Bytes"/> bytes; on failure <paramref name="problem"/> says why in a few words.</summary>
    public static PeerGreeting? TryDecode(ReadOnlySpan<byte> bytes, out string problem)
    {
        problem = "not a greeting of a Torc node";
        var reader = new ByteReader(bytes);
        if (!reader.Take(8).SequenceEqual("TORCPEER"u8))
            return null;
        ushort version = reader.ReadUInt16();
        ushort node = reader.ReadUInt16();
        int processId = (int)reader.ReadUInt32();
        ulong digest = reader.ReadUInt64();
        ulong incarnation = reader.ReadUInt64();
        uint checksum = reader.ReadUInt32();
        if (!reader.Complete)
            return null;
        if (version != ProtocolVersion)
        {
            problem = $"peer protocol version {version}; this node speaks {ProtocolVersion}";
            return null;
        }
        if (checksum != Crc32C.Compute(bytes[..(Bytes - sizeof(uint))]))
        {
            problem = "a greeting with a wrong checksum";
            return null;
        }
        problem = "";
        return new PeerGreeting(node, processId, digest, incarnation);
    }
}
