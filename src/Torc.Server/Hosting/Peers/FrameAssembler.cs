using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Server.Hosting.Peers;

/// <summary>What came of a piece of a link's bytes.</summary>
internal enum FrameOutcome
{
    NeedMore,
    Frame,

    /// <summary>The length is not allowed: the link ends.</summary>
    BadLength,

    /// <summary>The checksum does not match: the link ends.</summary>
    BadChecksum,
}

/// <summary>
/// Puts frames together from the pieces a connection delivers. Memory grows with what has arrived, never with what a
/// header announces.
/// </summary>
internal sealed class FrameAssembler : IDisposable
{
    private readonly byte[] _header = new byte[PeerFrame.HeaderBytes];
    private ByteWriter _messages = new();
    private int _headerBytes;
    private int _length;
    private uint _checksum;

    /// <summary>True between frames.</summary>
    internal bool AtStart => _headerBytes == 0;

    /// <summary>
    /// Takes bytes from the front of <paramref name="input"/>. After <see cref="FrameOutcome.Frame"/> its messages are in
    /// <paramref name="messages"/>, which belongs to the caller.
    /// </summary>
    internal FrameOutcome Read(ref ReadOnlySpan<byte> input, out ByteWriter? messages)
    {
        messages = null;
        if (_headerBytes < PeerFrame.HeaderBytes)
        {
            int taken = Math.Min(PeerFrame.HeaderBytes - _headerBytes, input.Length);
            input[..taken].CopyTo(_header.AsSpan(_headerBytes));
            input = input[taken..];
            _headerBytes += taken;
            if (_headerBytes < PeerFrame.HeaderBytes)
                return FrameOutcome.NeedMore;
            if (!PeerFrame.TryReadHeader(_header, out _length, out _checksum))
                return FrameOutcome.BadLength;
        }
        int wanted = Math.Min(_length - _messages.Length, input.Length);
        _messages.Write(input[..wanted]);
        input = input[wanted..];
        if (_messages.Length < _length)
            return FrameOutcome.NeedMore;
        if (!PeerFrame.Verify(_messages.Written, _checksum))
            return FrameOutcome.BadChecksum;
        messages = _messages;
        _messages = new ByteWriter();
        _headerBytes = 0;
        return FrameOutcome.Frame;
    }

    public void Dispose() => _messages.Dispose();
}
