using Torc.Protocols.Resp;

namespace Torc.Server.CommandLine;

/// <summary>One node that <c>torc repair</c> asked: its connection, and its figures before and now.</summary>
internal sealed class RepairedNode(int id, NodeConnection connection) : IDisposable
{
    private Dictionary<string, long> _before = [];
    private Dictionary<string, long> _now = [];

    internal int Id => id;

    /// <summary>Why it no longer answers; null while it does.</summary>
    internal string? Lost { get; private set; }

    internal bool IsUnderWay => Lost is null && _now["requested"] != 0;

    internal long Pairs => _now["requested_pairs"];

    internal long PairsDone => _now["requested_pairs_done"];

    internal long PairsSkipped => _now["requested_pairs_skipped"];

    /// <summary>What one figure has grown by since the start.</summary>
    internal long Since(string figure) => _now[figure] - _before[figure];

    /// <summary>False: a repair that somebody else asked for is under way, and this follows that one.</summary>
    internal bool Start(IEnumerable<string> partitions)
    {
        _before = _now = Figures();
        try
        {
            connection.Call(["TORC.REPAIR", "START", .. partitions]);
            Refresh();
            return true;
        }
        catch (RefusedException error) when (error.Message.StartsWith("BUSY", StringComparison.Ordinal))
        {
            Refresh();
            return false;
        }
    }

    internal void Refresh()
    {
        if (Lost is not null)
            return;
        try
        {
            _now = Figures();
        }
        catch (IOException error)
        {
            Lost = error.Message;
        }
    }

    /// <summary>What each partition held a moment ago, in one number; empty when it does not answer.</summary>
    internal IEnumerable<(long Partition, string Root)> Roots()
    {
        try
        {
            return Lost is null ? [.. connection.Call("TORC.REPAIR", "ROOTS").Items.Select(static pair => (pair.Items[0].Integer, NodeConnection.TextOf(pair.Items[1])))] : [];
        }
        catch (IOException error)
        {
            Lost = error.Message;
            return [];
        }
    }

    public void Dispose() => connection.Dispose();

    private Dictionary<string, long> Figures()
    {
        IReadOnlyList<RespValue> items = connection.Call("TORC.REPAIR", "STATUS").Items;
        var figures = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int i = 0; i + 1 < items.Count; i += 2)
            figures[NodeConnection.TextOf(items[i])] = items[i + 1].Integer;
        return figures;
    }
}
