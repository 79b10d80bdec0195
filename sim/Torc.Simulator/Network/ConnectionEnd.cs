using Torc.Base;

namespace Torc.Simulator.Network;

/// <summary>Whoever uses one end of a connection.</summary>
public interface IConnectionHandler
{
    /// <summary>Bytes in the order they were sent; chunk borders mean nothing.</summary>
    void Received(ConnectionEnd end, ReadOnlySpan<byte> bytes);

    /// <summary>The other side closed, or the connection broke. Not called for an own <see cref="ConnectionEnd.Close"/>.</summary>
    void Closed(ConnectionEnd end);
}

/// <summary>
/// One end of a TCP-like connection: bytes arrive in order or not at all. The two ends learn of a break at different
/// times, so a connection can be half open, as real ones are.
/// </summary>
public sealed class ConnectionEnd
{
    private readonly SimulatedNetwork _network;

    internal ConnectionEnd(SimulatedNetwork network, long id, int host, int remoteHost)
    {
        _network = network;
        Id = id;
        Host = host;
        RemoteHost = remoteHost;
    }

    /// <summary>Unique in the run; the two ends of a connection have neighbouring ids.</summary>
    public long Id { get; }

    public int Host { get; }

    public int RemoteHost { get; }

    public bool IsOpen { get; internal set; } = true;

    internal ConnectionEnd Other { get; set; } = null!;

    internal IConnectionHandler? Handler { get; set; }

    /// <summary>When the last chunk that this end sent arrives: later ones come after it.</summary>
    internal long LastArrivalMicros { get; set; }

    /// <summary>Chunks that reached a cut link and wait for it to heal; null is the end of the stream.</summary>
    internal Queue<byte[]?> Held { get; } = [];

    /// <summary>Bytes were lost with the connection: nothing sent after them may arrive.</summary>
    internal bool HasGap { get; set; }

    /// <summary>Bytes that were sent and have neither arrived nor been lost.</summary>
    public long BytesUnderWay { get; internal set; }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        Check.That(IsOpen);
        if (!bytes.IsEmpty)
            _network.Send(this, bytes.ToArray());
    }

    /// <summary>Closes in order: what was sent still arrives, then the other side sees the end.</summary>
    public void Close()
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        _network.Send(this, null);
        _network.Forget(this);
    }

    /// <summary>The machine lost power: nothing is sent; the other side finds out by writing, or in time.</summary>
    public void Abandon()
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        HasGap |= Held.Count > 0; // what is still on its way behind them is the rest of something
        Held.Clear();
        _network.Abandoned(this);
    }
}
