// Frames on a link between two nodes. All integers are little-endian.
//
//   frame   | length u32 | crc32c u32 | message ... message |      length = bytes after the crc
//   message | kind u8 | partition u16 | epoch u64 | length u32 | body |        partition 0xFFFF: to the control plane
//
// The epoch is that at which the partition last changed in the map that the sender acts by (0: control plane, or no map). It is in the
// header so that no request can forget it: a replica acts on a request of its own epoch only (Shards/PlacementGate).
//
// A link starts with one greeting each way (PeerGreeting), then frames. The checksum covers the messages. A frame
// that is too long, fails its checksum or does not parse ends the link: TCP delivered it, so somebody's memory or code
// is wrong, and guessing where the next frame starts would be worse.

using System.Buffers.Binary;

namespace Torc.Node.Peers;

/// <summary>Sizes and checks of a frame's header.</summary>
public static class PeerFrame
{
    public const int HeaderBytes = 8;
    public const int MessageHeaderBytes = 15;
    internal const int PartitionPlace = 1; // in a message's header
    internal const int EpochPlace = 3;
    internal const int LengthPlace = 11;
    public const ushort ControlPartition = ushort.MaxValue;

    /// <summary>Larger than the largest record (half of a 64 MiB segment) with its key and headers.</summary>
    public const int LengthMax = 72 * 1024 * 1024;

    /// <summary>A frame that has grown to this is sealed and the next one started, so that receivers start early.</summary>
    public const int LengthTarget = 1024 * 1024;

    /// <summary>Reads a header: false when the length is not allowed.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out int length, out uint checksum)
    {
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(header);
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        length = (int)value;
        return value is > 0 and <= LengthMax;
    }

    public static bool Verify(ReadOnlySpan<byte> messages, uint checksum) => Crc32C.Compute(messages) == checksum;
}

/// <summary>One message inside a frame: a view into the frame's bytes.</summary>
public readonly ref struct PeerMessage(PeerMessageKind kind, ushort partition, ulong epoch, ReadOnlySpan<byte> body)
{
    public PeerMessageKind Kind { get; } = kind;

    public ushort Partition { get; } = partition;

    /// <summary>The epoch at which the partition last changed, as the sender knows it.</summary>
    public ulong Epoch { get; } = epoch;

    public ReadOnlySpan<byte> Body { get; } = body;
}

/// <summary>Walks the messages of a verified frame; <see cref="Failed"/> when the bytes do not end with a message's end.</summary>
public ref struct PeerMessageReader(ReadOnlySpan<byte> messages)
{
    private ReadOnlySpan<byte> _rest = messages;

    public bool Failed { readonly get; private set; }

    public bool TryRead(out PeerMessage message)
    {
        ReadOnlySpan<byte> rest = _rest;
        message = default;
        if (rest.IsEmpty)
            return false;
        uint length = rest.Length < PeerFrame.MessageHeaderBytes ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(rest[PeerFrame.LengthPlace..]);
        if (rest.Length < PeerFrame.MessageHeaderBytes || length > (uint)(rest.Length - PeerFrame.MessageHeaderBytes))
        {
            Failed = true;
            _rest = default;
            return false;
        }
        message = new PeerMessage(
            (PeerMessageKind)rest[0], BinaryPrimitives.ReadUInt16LittleEndian(rest[PeerFrame.PartitionPlace..]),
            BinaryPrimitives.ReadUInt64LittleEndian(rest[PeerFrame.EpochPlace..]), rest.Slice(PeerFrame.MessageHeaderBytes, (int)length));
        _rest = rest[(PeerFrame.MessageHeaderBytes + (int)length)..];
        return true;
    }
}

/// <summary>
/// The frames that one turn sends to one peer: messages are appended, frames are sealed as they fill. One owner.
/// </summary>
public sealed class PeerBuffer(Outbox? owner = null)
{
    private readonly ByteWriter _bytes = new();
    private int _frameStart = -1;
    private int _messageStart = -1;

    public bool IsEmpty => _bytes.Length == 0;

    /// <summary>Bytes of all frames so far.</summary>
    public int Length => _bytes.Length;

    /// <summary>Starts a message; write its body into the result, then call <see cref="End"/>.</summary>
    public ByteWriter Begin(PeerMessageKind kind, ushort partition)
    {
        Check.That(_messageStart < 0);
        if (_frameStart < 0)
        {
            _frameStart = _bytes.Length;
            _bytes.WriteUInt64(0);
        }
        Span<byte> header = _bytes.GetSpan(PeerFrame.MessageHeaderBytes);
        header[0] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(header[PeerFrame.PartitionPlace..], partition);
        BinaryPrimitives.WriteUInt64LittleEndian(
            header[PeerFrame.EpochPlace..], owner?.Map is { } map && partition != PeerFrame.ControlPartition ? map.EpochOf(partition) : 0);
        _messageStart = _bytes.Length + PeerFrame.LengthPlace;
        _bytes.Advance(PeerFrame.MessageHeaderBytes);
        return _bytes;
    }

    public void End()
    {
        Check.That(_messageStart >= 0);
        int length = _bytes.Length - _messageStart - 4;
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.Patch(_messageStart, 4), length);
        _messageStart = -1;
        if (_bytes.Length - _frameStart > PeerFrame.LengthTarget)
            SealFrame();
    }

    /// <summary>Seals the open frame and gives all frames; valid until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Seal()
    {
        SealFrame();
        return _bytes.Written;
    }

    public void Clear()
    {
        Check.That(_messageStart < 0);
        _bytes.Clear();
        _frameStart = -1;
    }

    private void SealFrame()
    {
        Check.That(_messageStart < 0);
        if (_frameStart < 0)
            return;
        int length = _bytes.Length - _frameStart - PeerFrame.HeaderBytes;
        Span<byte> messages = _bytes.Patch(_frameStart + PeerFrame.HeaderBytes, length);
        Span<byte> header = _bytes.Patch(_frameStart, PeerFrame.HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Crc32C.Compute(messages));
        _frameStart = -1;
    }
}
