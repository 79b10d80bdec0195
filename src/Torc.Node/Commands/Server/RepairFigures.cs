using Torc.Node.Shards;

namespace Torc.Node.Commands.Server;

/// <summary>A node's comparing with other replicas, over its shards: for TORC.REPAIR STATUS, INFO and the metrics page.</summary>
public sealed record RepairFigures
{
    /// <summary>A round that an operator asked for is under way.</summary>
    public bool IsRequested { get; private set; }

    /// <summary>Of that round, or the last one: (partition, other replica) pairs.</summary>
    public long RequestedPairs { get; private set; }

    public long RequestedPairsDone { get; private set; }

    public long RequestedPairsSkipped { get; private set; }

    /// <summary>The same of the rounds that nodes make by themselves.</summary>
    public long Pairs { get; private set; }

    public long PairsDone { get; private set; }

    /// <summary>Those of them that could not be compared: the peer is down, or one of the copies is not ready.</summary>
    public long PairsSkipped { get; private set; }

    /// <summary>Since the start: exchanges with one peer that ended, of whatever purpose.</summary>
    public long Exchanges { get; private set; }

    public long RowsCompared { get; private set; }

    public long RowsFetched { get; private set; }

    /// <summary>Bytes of roots, nodes and listings that peers sent.</summary>
    public long BytesCompared { get; private set; }

    /// <summary>Since the start: how often every copy here had been compared with each of its replicas.</summary>
    public long Rounds { get; private set; } = long.MaxValue;

    /// <summary>Partitions here that may lack acknowledged writes.</summary>
    public int Incomplete { get; private set; }

    public static RepairFigures Of(TorcNode node)
    {
        var figures = new RepairFigures();
        foreach (Shard shard in node.Shards)
            figures.Add(shard.Repairs);
        if (node.View.Map is not { } map)
            return figures;
        for (int partition = 0; partition < map.PartitionCount; partition++)
            figures.Incomplete += map.IsReplica(partition, node.View.Self) && !node.IsCompleteHere(partition) ? 1 : 0;
        return figures;
    }

    public (string Name, long Value)[] Lines =>
    [
        ("requested", IsRequested ? 1 : 0), ("requested_pairs", RequestedPairs), ("requested_pairs_done", RequestedPairsDone),
        ("requested_pairs_skipped", RequestedPairsSkipped), ("pairs", Pairs), ("pairs_done", PairsDone), ("pairs_skipped", PairsSkipped), ("exchanges", Exchanges),
        ("rows_compared", RowsCompared), ("rows_fetched", RowsFetched), ("bytes_compared", BytesCompared),
        ("rounds", Rounds), ("incomplete_partitions", Incomplete),
    ];

    private void Add(RepairProgress progress)
    {
        IsRequested |= progress.IsRequested;
        RequestedPairs += progress.RequestedRound.Pairs;
        RequestedPairsDone += progress.RequestedRound.Done;
        RequestedPairsSkipped += progress.RequestedRound.Skipped;
        Pairs += progress.Round.Pairs;
        PairsDone += progress.Round.Done;
        PairsSkipped += progress.Round.Skipped;
        Exchanges += progress.Exchanges;
        RowsCompared += progress.RowsCompared;
        RowsFetched += progress.RowsFetched;
        BytesCompared += progress.BytesCompared;
        Rounds = Math.Min(Rounds, progress.Rounds);
    }
}
