// The first bytes each side of a link sends:
//
//   | magic "TORCPEER" | protocol u16 | bytes u16 | node u16 | process id u32 | cluster id u64 | birth u64 | settings digest u64 | incarnation u64 |
//   | oldest level u8 | newest level u8 | cluster's level u8 | flags u8 (1: has secret, 2: doubts its log) | nonce 16 | recovered offset i64 |
//   | log position of the other node | earlier runs u8, as many log runs | what later versions add | crc32c u32 |
//
// The second number of bytes counts all of it; the checksum covers all before it. A later version puts what it adds before the checksum, and
// an earlier one passes over that. Another protocol, another cluster, no level in common, or other first nodes and settings are refused before any frame
// is read. Who the node is in full, and its map, follow in a Greeting message of the control plane.

using System.Buffers.Binary;
using Torc.Core.Placement;

namespace Torc.Node.Peers;

/// <summary>Who a node says it is when a link opens.</summary>
/// <param name="Node">Its id; <see cref="NodeInfo.NoId"/> for one that is to be given one.</param>
/// <param name="ProcessId">For people.</param>
/// <param name="SettingsDigest">Of what the first nodes must be told alike.</param>
/// <param name="Incarnation">New at every start.</param>
/// <param name="Nonce">Random, new for every connection: a proof for one is worth nothing on another.</param>
/// <param name="HasSecret">Whether it was given a cluster secret: then a proof of it follows, and one is expected.</param>
public sealed record PeerGreeting(
    ushort Node, int ProcessId, ulong SettingsDigest, ulong Incarnation, UInt128 Nonce = default, bool HasSecret = false)
{
    /// <summary>Of greetings, proofs and frames; what is in the frames is a matter of the cluster's level.</summary>
    public const ushort ProtocolVersion = 5;

    /// <summary>What the first version with this protocol sends.</summary>
    public const int BytesMin = 106;

    /// <summary>What a later version may send.</summary>
    public const int BytesMax = 512;

    private const int VersionEnd = 10;
    private const int HeadBytes = 12;
    private const int SecretFlag = 1;
    private const int DoubtsFlag = 2;

    /// <summary>The cluster that it is a member of; 0 while it is of none.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Of its data directory.</summary>
    public ulong Birth { get; init; }

    /// <summary>The lowest <see cref="ClusterLevel"/> that it knows.</summary>
    public byte OldestLevel { get; init; } = ClusterLevel.Oldest;

    /// <summary>The highest that it knows and agrees to.</summary>
    public byte NewestLevel { get; init; } = ClusterLevel.Newest;

    /// <summary>The level of the cluster that it is a member of; 0 while it is of none.</summary>
    public byte LevelOfCluster { get; init; }

    /// <summary>This run and those before it, of which its log knows. How much each found is summed over the shards.</summary>
    public LogRuns Runs { get; init; } = new(new LogRun(Incarnation, 0));

    /// <summary>None of its copies counts because it was in the log that this run found.</summary>
    public bool DoubtsItsLog { get; init; }

    /// <summary>What the node that is greeted told the sender last, in this run or an earlier one.</summary>
    public LogPosition LogOfPeer { get; init; }

    public void Encode(ByteWriter to)
    {
        int start = to.Length;
        to.Write("TORCPEER"u8);
        to.WriteUInt16(ProtocolVersion);
        to.WriteUInt16((ushort)(BytesMin + sizeof(byte) + Runs.Earlier.Length * LogRun.Bytes));
        to.WriteUInt16(Node);
        to.WriteUInt32((uint)ProcessId);
        to.WriteUInt64(ClusterId);
        to.WriteUInt64(Birth);
        to.WriteUInt64(SettingsDigest);
        to.WriteUInt64(Incarnation);
        to.WriteByte(OldestLevel);
        to.WriteByte(NewestLevel);
        to.WriteByte(LevelOfCluster);
        to.WriteByte((byte)((HasSecret ? SecretFlag : 0) | (DoubtsItsLog ? DoubtsFlag : 0)));
        to.WriteUInt64((ulong)Nonce);
        to.WriteUInt64((ulong)(Nonce >> 64));
        to.WriteInt64(Runs.Newest.Found);
        LogOfPeer.Encode(to);
        to.WriteByte((byte)Runs.Earlier.Length);
        foreach (LogRun run in Runs.Earlier)
            run.Encode(to);
        to.WriteUInt32(Crc32C.Compute(to.Written[start..]));
    }

    /// <summary>How many bytes the greeting has that begins with <paramref name="bytes"/>: of too few to tell, how many tell.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes) => bytes.Length < HeadBytes
        ? HeadBytes
        : Math.Clamp((int)BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionEnd..]), BytesMin, BytesMax);

    /// <summary>
    /// Decodes <see cref="LengthOf"/> bytes; on failure <paramref name="problem"/> says why in a few words. Of fewer bytes it is empty
    /// while they may still become a greeting: other protocols have other lengths, and their sender should be told so.
    /// </summary>
    public static PeerGreeting? TryDecode(ReadOnlySpan<byte> bytes, out string problem)
    {
        problem = "not a greeting of a Torc node";
        var reader = new ByteReader(bytes);
        ReadOnlySpan<byte> magic = "TORCPEER"u8;
        if (!magic.StartsWith(bytes[..Math.Min(bytes.Length, magic.Length)]))
            return null;
        problem = "";
        if (bytes.Length < VersionEnd)
            return null;
        reader.Take(magic.Length);
        ushort version = reader.ReadUInt16();
        if (version != ProtocolVersion)
        {
            problem = $"peer protocol version {version}; this node speaks {ProtocolVersion}";
            return null;
        }
        int length = LengthOf(bytes);
        if (bytes.Length < length)
            return null;
        problem = "a greeting with a wrong checksum";
        if (reader.ReadUInt16() != length || BinaryPrimitives.ReadUInt32LittleEndian(bytes[(length - sizeof(uint))..]) != Crc32C.Compute(bytes[..(length - sizeof(uint))]))
            return null;
        PeerGreeting greeting = Decode(ref reader, out int flags);
        bool isValid = flags <= (SecretFlag | DoubtsFlag) && greeting.OldestLevel <= greeting.NewestLevel && reader.Remaining >= sizeof(uint);
        problem = isValid ? "" : "a greeting that says nothing possible";
        return isValid ? greeting : null;
    }

    private static PeerGreeting Decode(ref ByteReader reader, out int flags)
    {
        ushort node = reader.ReadUInt16();
        int processId = (int)reader.ReadUInt32();
        ulong clusterId = reader.ReadUInt64(), birth = reader.ReadUInt64();
        ulong digest = reader.ReadUInt64();
        ulong incarnation = reader.ReadUInt64();
        byte oldest = reader.ReadByte(), newest = reader.ReadByte(), ofCluster = reader.ReadByte();
        flags = reader.ReadByte();
        ulong low = reader.ReadUInt64(), high = reader.ReadUInt64();
        long found = reader.ReadInt64();
        LogPosition logOfPeer = LogPosition.Decode(ref reader);
        return new PeerGreeting(node, processId, digest, incarnation, new UInt128(high, low), (flags & SecretFlag) != 0)
        {
            ClusterId = clusterId,
            Birth = birth,
            OldestLevel = oldest,
            NewestLevel = newest,
            LevelOfCluster = ofCluster,
            DoubtsItsLog = (flags & DoubtsFlag) != 0,
            LogOfPeer = logOfPeer,
            Runs = DecodeRuns(ref reader, new LogRun(incarnation, found)),
        };
    }

    /// <summary>The first version with this protocol says nothing of earlier runs.</summary>
    private static LogRuns DecodeRuns(ref ByteReader reader, LogRun newest)
    {
        int earlier = reader.Remaining > sizeof(uint) ? Math.Min((int)reader.ReadByte(), LogRuns.KeptMax - 1) : 0;
        var runs = new LogRun[earlier + 1];
        for (int index = 0; index < earlier; index++)
            runs[index] = LogRun.Decode(ref reader);
        runs[^1] = newest;
        return new LogRuns(runs);
    }
}
