using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// How far replicas in other data centres are behind what this shard coordinated: for each the writes that were sent to it and not answered, oldest first, and
/// since when it missed writes because it was down. For people and metrics; no request waits for it, and no promise hangs on it.
/// </summary>
/// <remarks>
/// An operation ends when its level is met, which with a local level is before the other data centres have answered. So the answers are counted here, by the
/// operation's id, whose generation makes it unlike any other. Answers come nearly in order: a queue in the order of sending, whose answered ones go when they come to its
/// front, costs a write a few steps and, once it has grown, no memory.
/// </remarks>
public sealed class RemoteWrites
{
    /// <summary>Writes on their way to one node that are remembered; beyond it newer ones are not, and the oldest still says how far behind the node is.</summary>
    public const int WritesPerNodeMax = 65_536;

    /// <summary>A write that is not answered for so long never is: its message was dropped at a change of the partition's replicas. Others say how far behind the node is.</summary>
    public const long AgeMaxMicros = 600 * 1_000_000L;

    private readonly SortedDictionary<ushort, Lag> _nodes = [];
    private readonly List<ushort> _gone = [];

    public bool IsEmpty => _nodes.Count == 0;

    public void Sent(ulong operation, ushort node, ushort partition, long nowMicros) => LagOf(node).Add(new Write(operation, partition, nowMicros));

    /// <summary>A write for a replica that is down: it goes to a fallback, or is brought later by comparison.</summary>
    public void Missed(ushort node, long nowMicros) => LagOf(node).MissSince(nowMicros);

    public void Answered(ulong operation, ushort node)
    {
        if (_nodes.TryGetValue(node, out Lag? lag))
            lag.Remove(operation);
    }

    /// <summary>Nothing that was sent to the node will be answered.</summary>
    public void OnPeerDown(ushort node)
    {
        if (_nodes.TryGetValue(node, out Lag? lag))
            lag.MissAll();
    }

    /// <summary>Messages of a partition that changed may have been refused without an answer, and are sent again. Nodes that are no members any more are forgotten.</summary>
    public void OnMapChanged(ClusterMap previous, ClusterMap map)
    {
        foreach ((ushort node, Lag lag) in _nodes)
        {
            lag.RemoveChanged(previous, map);
            if (map.NodeOf(node) is null)
                _gone.Add(node);
        }
        foreach (ushort node in _gone)
            _nodes.Remove(node);
        _gone.Clear();
    }

    /// <summary>Called each tick: what a node missed is told until it is up and nothing is kept for it here any more.</summary>
    public void Run(Control.ClusterView view, IReadOnlyDictionary<ushort, long> hintBytes, long nowMicros)
    {
        foreach ((ushort node, Lag lag) in _nodes)
        {
            lag.RemoveOlder(nowMicros - AgeMaxMicros);
            if (view.IsUp(node) && !hintBytes.ContainsKey(node))
                lag.ForgetMissed();
        }
    }

    /// <summary>Adds to each node's number the greater of it and how far this shard finds the node behind, in microseconds: 0 when it has answered everything.</summary>
    public void CollectLags(IDictionary<ushort, long> behindMicros, long nowMicros)
    {
        foreach ((ushort node, Lag lag) in _nodes)
        {
            long behind = lag.OldestMicros is { } oldest ? Math.Max(0, nowMicros - oldest) : 0;
            behindMicros[node] = behindMicros.TryGetValue(node, out long other) ? Math.Max(other, behind) : behind;
        }
    }

    private Lag LagOf(ushort node)
    {
        if (!_nodes.TryGetValue(node, out Lag? lag))
            _nodes.Add(node, lag = new Lag());
        return lag;
    }

    private readonly record struct Write(ulong Operation, ushort Partition, long SentMicros);

    private sealed class Lag
    {
        private readonly Queue<Write> _sent = new();
        private readonly HashSet<ulong> _unanswered = [];
        private long? _missedSinceMicros;

        public long? OldestMicros => _missedSinceMicros ?? (_sent.TryPeek(out Write oldest) ? oldest.SentMicros : null);

        public void Add(Write write)
        {
            if (_sent.Count < WritesPerNodeMax && _unanswered.Add(write.Operation))
                _sent.Enqueue(write);
        }

        public void Remove(ulong operation)
        {
            if (_unanswered.Remove(operation))
                Trim();
        }

        public void MissSince(long nowMicros) => _missedSinceMicros ??= nowMicros;

        public void MissAll()
        {
            if (_sent.TryPeek(out Write oldest))
                MissSince(oldest.SentMicros);
            _sent.Clear();
            _unanswered.Clear();
        }

        public void ForgetMissed() => _missedSinceMicros = null;

        public void RemoveOlder(long beforeMicros)
        {
            while (_sent.TryPeek(out Write oldest) && oldest.SentMicros < beforeMicros)
                Remove(oldest.Operation);
        }

        public void RemoveChanged(ClusterMap previous, ClusterMap map)
        {
            foreach (Write write in _sent)
            {
                if (previous.EpochOf(write.Partition) != map.EpochOf(write.Partition))
                    _unanswered.Remove(write.Operation);
            }
            Trim();
        }

        /// <summary>The front is the oldest that was not answered.</summary>
        private void Trim()
        {
            while (_sent.TryPeek(out Write oldest) && !_unanswered.Contains(oldest.Operation))
                _sent.Dequeue();
        }
    }
}
