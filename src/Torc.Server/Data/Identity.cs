using System.Diagnostics.CodeAnalysis;
using System.Text;
using Torc.Base;

namespace Torc.Server.Data;

/// <summary>
/// Who a data directory belongs to, and what is fixed for its life. Made once, changed only by
/// <see cref="WithNextStart"/> and <see cref="WithMap"/>. The bytes (little-endian):
/// <code>
///   0  "TORCNODE"                      8   magic
///   8  format version                  4   2; 1: made before VOTE was made with the directory; others are refused
///  12  birth                           4   random; the directory's identity in the cluster map
///  16  incarnation seed                4   random; drawn anew at every start
///  20  start counter                   2   starts, modulo 65,536
///  22  shard count                     2
///  24  segment bytes                   8
///  32  first nodes                     4 + n   their sorted list, joined by commas (UTF-8)
///   .  cluster map                     4 + n   as Torc.Core encodes it; empty until the cluster formed
///   .  CRC-32C of everything above     4
/// </code>
/// </summary>
public sealed record Identity
{
    public const uint CurrentFormat = 2;

    /// <summary>Of directories that were made without a vote: in those, none may mean that the node never voted.</summary>
    private const uint FormatWithoutVote = 1;
    public const int BytesMax = 16 << 20;
    private static ReadOnlySpan<byte> Magic => "TORCNODE"u8;

    /// <summary>Stays what it was when the directory was made.</summary>
    public uint Format { get; init; } = CurrentFormat;

    /// <summary>The directory has held a vote from its first start on.</summary>
    public bool HasVote => Format > FormatWithoutVote;

    public required uint Birth { get; init; }

    public required uint IncarnationSeed { get; init; }

    /// <summary>How often the node started, this start included, modulo 65,536.</summary>
    public required ushort StartCounter { get; init; }

    public required ushort ShardCount { get; init; }

    /// <summary>Bytes of a segment file of every shard's log.</summary>
    public required long SegmentBytes { get; init; }

    /// <summary>Peer addresses of the cluster's first nodes, sorted, joined by commas.</summary>
    public required string FirstNodes { get; init; }

    /// <summary>The newest cluster map the node held, encoded; empty before the cluster formed.</summary>
    public required ReadOnlyMemory<byte> Map { get; init; }

    /// <summary>48 bits that no other start of this node had: the incarnation of its actor.</summary>
    public ulong Incarnation => ((ulong)IncarnationSeed << 16) | StartCounter;

    /// <summary>
    /// The identity of the next start. The counter alone would be repeated by a data directory that was put back to an earlier state, and the
    /// seed alone by chance after many starts; together they are not.
    /// </summary>
    public Identity WithNextStart(uint freshSeed) => this with { StartCounter = unchecked((ushort)(StartCounter + 1)), IncarnationSeed = freshSeed };

    public Identity WithMap(ReadOnlySpan<byte> map) => this with { Map = map.ToArray() };

    public void Encode(ByteWriter to)
    {
        int start = to.Length;
        to.Write(Magic);
        to.WriteUInt32(Format);
        to.WriteUInt32(Birth);
        to.WriteUInt32(IncarnationSeed);
        to.WriteUInt16(StartCounter);
        to.WriteUInt16(ShardCount);
        to.WriteInt64(SegmentBytes);
        to.WriteBlob(Encoding.UTF8.GetBytes(FirstNodes));
        to.WriteBlob(Map.Span);
        to.WriteUInt32(Crc32C.Compute(to.Written[start..]));
    }

    /// <summary>False: the bytes are no identity of this format, and <paramref name="problem"/> says why.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Identity? identity, out string problem)
    {
        identity = null;
        var reader = new ByteReader(bytes);
        if (!reader.Take(Magic.Length).SequenceEqual(Magic))
        {
            problem = "it does not begin as an identity file of Torc does";
            return false;
        }
        uint format = reader.ReadUInt32();
        if (!reader.Failed && format is < FormatWithoutVote or > CurrentFormat)
        {
            problem = $"it has data format {format}, and this torc reads formats {FormatWithoutVote} to {CurrentFormat}";
            return false;
        }
        var decoded = new Identity
        {
            Format = format,
            Birth = reader.ReadUInt32(),
            IncarnationSeed = reader.ReadUInt32(),
            StartCounter = reader.ReadUInt16(),
            ShardCount = reader.ReadUInt16(),
            SegmentBytes = reader.ReadInt64(),
            FirstNodes = Encoding.UTF8.GetString(reader.ReadBlob()),
            Map = reader.ReadBlob().ToArray(),
        };
        int checkedBytes = bytes.Length - reader.Remaining;
        uint checksum = reader.ReadUInt32();
        bool sound = reader.Complete && checksum == Crc32C.Compute(bytes[..checkedBytes]) && decoded.ShardCount > 0;
        problem = sound ? "" : "its checksum does not match: the file is damaged";
        identity = sound ? decoded : null;
        return sound;
    }
}
