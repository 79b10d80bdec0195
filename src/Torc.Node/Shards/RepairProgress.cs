namespace Torc.Node.Shards;

/// <summary>
/// How far a shard's comparing with other replicas is, and what it came to since the start; and the door through which an operator asks for a round.
/// Written by the shard, read by any thread, each figure by itself.
/// </summary>
/// <param name="partitions">Of the cluster.</param>
public sealed class RepairProgress(int partitions)
{
    private readonly ulong[] _roots = new ulong[partitions];
    private readonly bool[] _hasRoot = new bool[partitions];
    private RepairRequest? _request;
    private long _exchanges, _rowsCompared, _rowsFetched, _bytesCompared, _rounds;

    /// <summary>Exchanges with one peer that ended, of whatever purpose.</summary>
    public long Exchanges => Volatile.Read(ref _exchanges);

    public long RowsCompared => Volatile.Read(ref _rowsCompared);

    public long RowsFetched => Volatile.Read(ref _rowsFetched);

    /// <summary>Bytes of roots, nodes and listings that peers sent.</summary>
    public long BytesCompared => Volatile.Read(ref _bytesCompared);

    /// <summary>Times that every partition was compared with each of its other replicas.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>The round by itself that is under way, or the last one.</summary>
    public PairTally Round { get; } = new();

    /// <summary>The round that was asked for, or the last one of those.</summary>
    public PairTally RequestedRound { get; } = new();

    /// <summary>A round was asked for and has not ended.</summary>
    public bool IsRequested => Volatile.Read(ref _request) is not null;

    internal RepairRequest? Requested => Volatile.Read(ref _request);

    /// <summary>Asks for a round at once; false while another one that was asked for is under way.</summary>
    /// <param name="chosen">By partition, whether it is to be compared; null: all.</param>
    public bool TryRequest(IReadOnlyList<bool>? chosen) =>
        Interlocked.CompareExchange(ref _request, new RepairRequest(chosen), null) is null;

    /// <summary>
    /// What the copy of a partition held a moment ago, in one number: equal on replicas that hold the same versions of the same keys, 0 without rows.
    /// False while it is not known.
    /// </summary>
    public bool TryGetRoot(int partition, out ulong root)
    {
        root = Volatile.Read(ref _roots[partition]);
        return Volatile.Read(ref _hasRoot[partition]);
    }

    internal void Publish(int partition, bool hasRoot, ulong root)
    {
        Volatile.Write(ref _roots[partition], root);
        Volatile.Write(ref _hasRoot[partition], hasRoot);
    }

    internal void RoundEnded()
    {
        if (Round.Skipped == 0)
            Volatile.Write(ref _rounds, _rounds + 1);
    }

    internal void RequestEnded() => Volatile.Write(ref _request, null);

    internal void ExchangeEnded(Core.Repair.PartitionExchange exchange)
    {
        Volatile.Write(ref _exchanges, _exchanges + 1);
        Volatile.Write(ref _rowsCompared, _rowsCompared + exchange.RowsCompared);
        Volatile.Write(ref _rowsFetched, _rowsFetched + exchange.RowsFetched);
        Volatile.Write(ref _bytesCompared, _bytesCompared + exchange.BytesCompared);
    }
}

/// <summary>How far one round is, in (partition, other replica) pairs.</summary>
public sealed class PairTally
{
    private long _pairs, _done, _skipped;

    public long Pairs => Volatile.Read(ref _pairs);

    public long Done => Volatile.Read(ref _done);

    /// <summary>Those of them that could not be compared: the peer is down, or one of the copies is not ready.</summary>
    public long Skipped => Volatile.Read(ref _skipped);

    internal void Begin(long pairs)
    {
        Volatile.Write(ref _done, 0);
        Volatile.Write(ref _skipped, 0);
        Volatile.Write(ref _pairs, pairs);
    }

    internal void Ended(bool wasCompared)
    {
        Volatile.Write(ref _done, _done + 1);
        if (!wasCompared)
            Volatile.Write(ref _skipped, _skipped + 1);
    }
}

/// <summary>A round that an operator asked for.</summary>
internal sealed class RepairRequest(IReadOnlyList<bool>? chosen)
{
    public bool Includes(int partition) => chosen is null || (partition < chosen.Count && chosen[partition]);
}
