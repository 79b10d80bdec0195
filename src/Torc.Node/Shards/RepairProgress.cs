namespace Torc.Node.Shards;

/// <summary>
/// How far a shard's comparing with other replicas is, and what it came to since the start. Written by the shard, read by any thread, each figure by itself.
/// </summary>
public sealed class RepairProgress
{
    private long _requested, _exchanges, _rowsCompared, _rowsFetched, _bytesCompared, _rounds, _lastRoundMicros;
    private long _pairs, _pairsDone, _pairsSkipped, _requestsDone;

    /// <summary>Exchanges with one peer that ended, of whatever purpose.</summary>
    public long Exchanges => Volatile.Read(ref _exchanges);

    public long RowsCompared => Volatile.Read(ref _rowsCompared);

    public long RowsFetched => Volatile.Read(ref _rowsFetched);

    /// <summary>Bytes of roots, nodes and listings that peers sent.</summary>
    public long BytesCompared => Volatile.Read(ref _bytesCompared);

    /// <summary>Times that every partition was compared with each of its other replicas.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>When the last of them ended, on the monotonic clock; 0: none did.</summary>
    public long LastRoundMicros => Volatile.Read(ref _lastRoundMicros);

    /// <summary>Of the round under way or the last one: (partition, other replica) pairs.</summary>
    public long Pairs => Volatile.Read(ref _pairs);

    public long PairsDone => Volatile.Read(ref _pairsDone);

    /// <summary>Those of them that could not be compared: the peer is down, or one of the copies is not ready.</summary>
    public long PairsSkipped => Volatile.Read(ref _pairsSkipped);

    /// <summary>A round was asked for and has not ended.</summary>
    public bool IsRequested => Volatile.Read(ref _requested) > Volatile.Read(ref _requestsDone);

    /// <summary>Asks for a round at once; joins the one that was asked for and is under way.</summary>
    public void Request()
    {
        if (!IsRequested)
            Interlocked.Increment(ref _requested);
    }

    internal void RoundBegins(long pairs)
    {
        Volatile.Write(ref _pairsDone, 0);
        Volatile.Write(ref _pairsSkipped, 0);
        Volatile.Write(ref _pairs, pairs);
    }

    internal void PairEnded(bool wasCompared)
    {
        Volatile.Write(ref _pairsDone, _pairsDone + 1);
        if (!wasCompared)
            Volatile.Write(ref _pairsSkipped, _pairsSkipped + 1);
    }

    internal void RoundEnded(long nowMicros)
    {
        if (_pairsSkipped > 0)
            return;
        Volatile.Write(ref _rounds, _rounds + 1);
        Volatile.Write(ref _lastRoundMicros, nowMicros);
    }

    internal void RequestEnded() => Volatile.Write(ref _requestsDone, Volatile.Read(ref _requested));

    internal void ExchangeEnded(Core.Repair.PartitionExchange exchange)
    {
        Volatile.Write(ref _exchanges, _exchanges + 1);
        Volatile.Write(ref _rowsCompared, _rowsCompared + exchange.RowsCompared);
        Volatile.Write(ref _rowsFetched, _rowsFetched + exchange.RowsFetched);
        Volatile.Write(ref _bytesCompared, _bytesCompared + exchange.BytesCompared);
    }
}
