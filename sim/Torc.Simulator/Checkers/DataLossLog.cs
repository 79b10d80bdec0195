using Torc.Base;

namespace Torc.Simulator.Checkers;

/// <summary>
/// Which nodes had lost data when: from the wipe, damage or power loss on (outside durability "always") until every
/// partition of the node is complete again. A write that at least so many nodes may have lost at one time as hold it
/// is allowed to be gone.
/// </summary>
public sealed class DataLossLog
{
    private readonly List<(int Node, long FromMicros, long UntilMicros)> _losses = [];

    public void Lost(int node, long atMicros)
    {
        if (!IsLost(node))
            _losses.Add((node, atMicros, long.MaxValue));
    }

    /// <summary>Every partition of the node is complete again.</summary>
    public void Recovered(int node, long atMicros)
    {
        for (int index = 0; index < _losses.Count; index++)
        {
            (int lostNode, long from, long until) = _losses[index];
            if (lostNode == node && until == long.MaxValue)
            {
                Check.That(atMicros >= from);
                _losses[index] = (node, from, atMicros);
            }
        }
    }

    public bool IsLost(int node) => _losses.Exists(loss => loss.Node == node && loss.UntilMicros == long.MaxValue);

    /// <summary>Whether at some time in [from, until] at least <paramref name="holders"/> nodes were without their data at once.</summary>
    public bool Excuses(int holders, long fromMicros, long untilMicros)
    {
        foreach ((_, long begin, long end) in _losses)
        {
            // The greatest number at once is reached at the beginning of one of the intervals, or at the start.
            long moment = Math.Max(begin, fromMicros);
            if (moment > untilMicros || moment > end)
                continue;
            if (CountAt(moment) >= holders)
                return true;
        }
        return false;
    }

    private int CountAt(long micros)
    {
        var nodes = new HashSet<int>();
        foreach ((int node, long from, long until) in _losses)
        {
            if (from <= micros && micros <= until)
                nodes.Add(node);
        }
        return nodes.Count;
    }
}
