using System.Buffers;
using System.IO.Pipelines;
using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// One open connection to a peer, used in both directions after both sides greeted. It ends at the first malformed frame,
/// when the peer reads too slowly to keep the frames for it within bounds, and when nothing was heard for too long.
/// </summary>
internal sealed class PeerLink : IDisposable
{
    /// <summary>Frames that may wait for one peer to take them; operations on it time out long before.</summary>
    internal const long WaitingBytesMax = 256L << 20;

    /// <summary>Bytes of received frames that the shards have not finished; reading pauses above.</summary>
    internal const long UnfinishedBytesMax = 64L << 20;

    private readonly IDuplexPipe _pipe;
    private readonly PipeSender _sender;
    private readonly FrameAssembler _assembler = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource? _whenFinished;
    private long _unfinishedBytes;
    private long _heardMicros = HostClock.MonotonicMicros;
    private string _endReason = "";

    internal PeerLink(PeerGreeting greeting, IDuplexPipe pipe, bool isGuest = false)
    {
        Greeting = greeting;
        Node = greeting.Node;
        IsGuest = isGuest;
        _pipe = pipe;
        _sender = new PipeSender(pipe.Output, WaitingBytesMax, End);
    }

    internal PeerGreeting Greeting { get; }

    /// <summary>The peer's id, or the number of a guest's link.</summary>
    internal ushort Node { get; set; }

    /// <summary>The peer is no member: nothing that it sends is for the shards.</summary>
    internal bool IsGuest { get; }

    internal long WaitingBytes => _sender.WaitingBytes;

    /// <summary>When bytes last arrived, by the monotonic clock.</summary>
    internal long HeardMicros => Interlocked.Read(ref _heardMicros);

    internal string EndReason => _endReason;

    /// <summary>Sends sealed frames; never waits. Frames for a link that ended are lost, as the network may lose them.</summary>
    internal void Send(ReadOnlySpan<byte> frames) => _sender.Send(frames);

    /// <summary>Ends the link; <see cref="Receive"/> returns soon after. The first reason counts.</summary>
    internal void End(string reason)
    {
        lock (_gate)
        {
            if (_endReason.Length > 0)
                return;
            _endReason = reason;
        }
        _ending.Cancel();
        _pipe.Input.CancelPendingRead();
    }

    /// <summary>Reads frames and hands them on until the link ends; returns why.</summary>
    internal async Task<string> Receive(Action<PeerLink, ByteWriter> onFrame)
    {
        try
        {
            while (true)
            {
                ReadResult read = await _pipe.Input.ReadAsync();
                if (read.IsCanceled)
                    return _endReason;
                Interlocked.Exchange(ref _heardMicros, HostClock.MonotonicMicros);
                string? problem = Take(read.Buffer, onFrame);
                _pipe.Input.AdvanceTo(read.Buffer.End);
                if (problem is not null)
                    return problem;
                if (read.IsCompleted)
                    return "the peer closed the connection";
                await WhenFewUnfinished();
            }
        }
        catch (OperationCanceledException)
        {
            return _endReason;
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            return error.Message;
        }
    }

    internal void OnFrameDone(int bytes)
    {
        lock (_gate)
        {
            _unfinishedBytes -= bytes;
            if (_unfinishedBytes > UnfinishedBytesMax / 2)
                return;
            _whenFinished?.TrySetResult();
            _whenFinished = null;
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _assembler.Dispose();
        _ending.Dispose();
    }

    private string? Take(ReadOnlySequence<byte> bytes, Action<PeerLink, ByteWriter> onFrame)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            ReadOnlySpan<byte> rest = piece.Span;
            while (!rest.IsEmpty)
            {
                switch (_assembler.Read(ref rest, out ByteWriter? messages))
                {
                    case FrameOutcome.Frame:
                        lock (_gate)
                            _unfinishedBytes += messages!.Length;
                        onFrame(this, messages);
                        break;
                    case FrameOutcome.BadLength:
                        return "a frame of a length that is not allowed";
                    case FrameOutcome.BadChecksum:
                        return "a frame with a wrong checksum";
                    default:
                        break;
                }
            }
        }
        return null;
    }

    private Task WhenFewUnfinished()
    {
        lock (_gate)
        {
            if (_unfinishedBytes <= UnfinishedBytesMax)
                return Task.CompletedTask;
            _whenFinished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _whenFinished.Task.WaitAsync(_ending.Token);
        }
    }
}
