namespace Torc.Core.Placement;

/// <summary>Which replicas a change may move beyond those that it has to.</summary>
internal enum MoveScope
{
    /// <summary>Only to nodes that join: never between two old nodes.</summary>
    ToJoining,

    /// <summary>Only those that have to find another node anyway.</summary>
    Displaced,

    /// <summary>Any that brings a node nearer to its share.</summary>
    Any,
}

/// <summary>
/// Turns the present sets of replicas into those that a change wants, moving as little as it can: what has to go goes, gaps are filled
/// where most is lacking, copies that are too close are parted, then single replicas go from nodes above their share to nodes below it
/// while the scope allows and no set gets worse. It starts from what is, never from a fresh plan.
/// </summary>
/// <remarks>
/// A fresh plan of <see cref="ReplicaPlacement"/> matched to the present one was not taken: two even plans of nearly the same nodes have
/// little in common, and no matching makes up for that. Nodes are indices; every choice has a last tie-break by index, so all machines plan alike.
/// </remarks>
internal sealed class Rebalance
{
    /// <summary>The longest chain of moves that evens out one replica.</summary>
    private const int ChainMax = 4;

    private readonly NodeInfo[] _nodes;
    private readonly bool[] _eligible;
    private readonly int _copies;
    private readonly int[][] _original;
    private readonly List<int>[] _sets;
    private readonly int[] _held;
    private readonly int[] _shares; // replicas that each node should hold
    private readonly int[] _firsts;
    private readonly bool[] _isChanged;
    private readonly Apartness _apartness;
    private readonly MoveScope _scope;

    /// <param name="nodes">The members (all, or those of a data centre that is planned by itself), with the states and weights that the change gives them.</param>
    /// <param name="replicas">Per partition the indices of those that hold it, in order of preference.</param>
    /// <param name="copies">Replicas wanted, at most as many as nodes that do not leave.</param>
    /// <param name="scope">What may move.</param>
    public Rebalance(NodeInfo[] nodes, int[][] replicas, int copies, MoveScope scope)
    {
        _nodes = nodes;
        _eligible = [.. nodes.Select(node => !node.IsGoing)];
        _copies = copies;
        _original = replicas;
        _sets = [.. replicas.Select(members => members.ToList())];
        _held = new int[nodes.Length];
        _firsts = new int[nodes.Length];
        _isChanged = new bool[replicas.Length];
        foreach (int[] members in replicas.Where(members => members.Length > 0))
            _firsts[members[0]]++;
        foreach (int node in replicas.SelectMany(members => members))
            _held[node]++;
        _apartness = new Apartness(nodes, _eligible, copies);
        _scope = scope;
        _shares = NodeShares.Of(nodes, replicas.Length, copies, _held);
    }

    /// <summary>Per partition the indices of its nodes, in no particular order.</summary>
    public List<int>[] Run()
    {
        for (int partition = 0; partition < _sets.Length; partition++)
        {
            DropExcess(partition);
            FillGaps(partition);
        }
        for (int partition = 0; partition < _sets.Length; partition++)
            Part(partition);
        while (TryEven())
        {
        }
        return _sets;
    }

    private int Lack(int node) => _shares[node] - _held[node];

    private void DropExcess(int partition)
    {
        List<int> set = _sets[partition];
        foreach (int node in set.Where(node => !_eligible[node]).ToArray())
            Change(partition, node, -1);
        while (set.Count > _copies)
            Change(partition, set.OrderBy(node => _apartness.Penalty(set, without: node)).ThenBy(Lack).ThenByDescending(node => node).First(), -1);
    }

    private void FillGaps(int partition)
    {
        List<int> set = _sets[partition];
        while (set.Count < _copies)
            Change(partition, -1, Newcomers(set).OrderBy(node => _apartness.Penalty(set, with: node)).ThenByDescending(Lack).ThenBy(node => node).First());
    }

    /// <summary>Failure domains come before shares, so this moves replicas whatever the scope.</summary>
    private void Part(int partition)
    {
        List<int> set = _sets[partition];
        for (int penalty = _apartness.Penalty(set); penalty > 0;)
        {
            (int Penalty, int Node, int Other) best = set
                .SelectMany(_ => Newcomers(set), (node, other) => (Penalty: _apartness.Penalty(set, node, other), Node: node, Other: other))
                .OrderBy(swap => swap.Penalty)
                .ThenBy(swap => _nodes[swap.Other].State == NodeState.Joining ? 0 : 1)
                .ThenByDescending(swap => Lack(swap.Other) - Lack(swap.Node))
                .ThenBy(swap => swap.Node).ThenBy(swap => swap.Other)
                .FirstOrDefault((penalty, -1, -1));
            if (best.Penalty >= penalty)
                return;
            penalty = best.Penalty;
            Change(partition, best.Node, best.Other);
        }
    }

    private IEnumerable<int> Newcomers(List<int> set) =>
        Enumerable.Range(0, _nodes.Length).Where(node => _eligible[node] && !set.Contains(node));

    /// <summary>Brings one node one replica nearer to its share; false when none can be.</summary>
    private bool TryEven()
    {
        int[] lacking = [.. Enumerable.Range(0, _nodes.Length)
            .Where(node => _eligible[node] && Lack(node) > 0 && MayTake(node))
            .OrderByDescending(Lack).ThenBy(node => node)];
        foreach (int node in lacking)
        {
            if (TryTakeFromFullest(node) || (_scope != MoveScope.ToJoining && TryTakeByChain(node)))
                return true;
        }
        return false;
    }

    private bool MayTake(int node) => _scope != MoveScope.ToJoining || _nodes[node].State == NodeState.Joining;

    private bool MayMove(int partition, int node) => _scope switch
    {
        MoveScope.ToJoining => _nodes[node].State != NodeState.Joining,
        MoveScope.Displaced => !_original[partition].Contains(node),
        _ => true,
    };

    private bool CanTake(int partition, int node, int from) =>
        !_sets[partition].Contains(node) && MayMove(partition, from)
        && _apartness.Penalty(_sets[partition], from, node) <= _apartness.Penalty(_sets[partition]);

    /// <summary>Of the partitions of the fullest node one whose first node is first most often: a partition that changes may get another first.</summary>
    private bool TryTakeFromFullest(int node)
    {
        (int Partition, int From) best = (-1, -1);
        for (int partition = 0; partition < _sets.Length; partition++)
        {
            foreach (int from in _sets[partition])
            {
                if (Lack(from) < 0 && IsBetter(partition, from, best.Partition, best.From) && CanTake(partition, node, from))
                    best = (partition, from);
            }
        }
        if (best.From >= 0)
            Change(best.Partition, best.From, node);
        return best.From >= 0;
    }

    private bool IsBetter(int partition, int from, int thanPartition, int thanFrom)
    {
        if (thanFrom < 0 || Lack(from) != Lack(thanFrom))
            return thanFrom < 0 || Lack(from) < Lack(thanFrom);
        return FirstsToSpare(partition) > FirstsToSpare(thanPartition);
    }

    private int FirstsToSpare(int partition) => _isChanged[partition] || _original[partition].Length == 0 ? 0 : _firsts[_original[partition][0]];

    /// <summary>The node takes a replica from another one, which takes one from another, up to a node above its share: the shortest such chain.</summary>
    private bool TryTakeByChain(int node)
    {
        var reachedBy = new Dictionary<int, (int Taker, int Partition, int Length)> { [node] = (-1, -1, 0) };
        var frontier = new Queue<int>([node]);
        while (frontier.TryDequeue(out int taker))
        {
            int length = reachedBy[taker].Length + 1;
            for (int partition = 0; partition < _sets.Length && length <= ChainMax; partition++)
            {
                foreach (int from in _sets[partition])
                {
                    if (reachedBy.ContainsKey(from) || !CanTake(partition, taker, from) || IsOnChain(reachedBy, taker, partition))
                        continue;
                    reachedBy[from] = (taker, partition, length);
                    frontier.Enqueue(from);
                    if (Lack(from) >= 0)
                        continue;
                    for (int at = from; at != node; at = reachedBy[at].Taker)
                        Change(reachedBy[at].Partition, at, reachedBy[at].Taker);
                    return true;
                }
            }
        }
        return false;
    }

    /// <summary>Each partition changes once on a chain: what was checked for its set stays true.</summary>
    private static bool IsOnChain(Dictionary<int, (int Taker, int Partition, int Length)> reachedBy, int node, int partition)
    {
        for (int at = node; at >= 0; at = reachedBy[at].Taker)
        {
            if (reachedBy[at].Partition == partition)
                return true;
        }
        return false;
    }

    private void Change(int partition, int dropped, int added)
    {
        if (!_isChanged[partition] && _original[partition].Length > 0)
            _firsts[_original[partition][0]]--;
        _isChanged[partition] = true;
        if (dropped >= 0)
        {
            _sets[partition].Remove(dropped);
            _held[dropped]--;
        }
        if (added >= 0)
        {
            _sets[partition].Add(added);
            _held[added]++;
        }
    }
}
