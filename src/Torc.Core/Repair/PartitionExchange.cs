namespace Torc.Core.Repair;

public enum ExchangeStep
{
    /// <summary>Ask the peer for the roots of its trees; tell <see cref="PartitionExchange.PeerRoots"/>.</summary>
    AskRoots,

    /// <summary>Ask the peer for the children of the nodes in <see cref="PartitionExchange.Question"/>; tell <see cref="PartitionExchange.PeerNodes"/>.</summary>
    AskNodes,

    /// <summary>Ask the peer for its listing of <see cref="PartitionExchange.Keyspace"/> from <see cref="PartitionExchange.From"/> to <see cref="PartitionExchange.To"/>; tell <see cref="PartitionExchange.PeerListed"/>.</summary>
    AskPeer,

    /// <summary>Scan the own store from the same place; tell <see cref="PartitionExchange.LocalListed"/>.</summary>
    ScanLocal,

    /// <summary>Fetch the rows of <see cref="PartitionExchange.ToFetch"/> from the peer and merge them durably; tell <see cref="PartitionExchange.RowsMerged"/>.</summary>
    FetchRows,

    Finished,
}

/// <summary>
/// Pulls into one replica everything that one peer holds of one partition: keyspace after keyspace, in order of
/// hash, one bounded range at a time; only the ranges in which both sides' Merkle trees differ, where both have them. After <see cref="ExchangeStep.Finished"/> this replica holds, joined, every row that
/// the peer held when the exchange began.
/// <code>
///  AskRoots ──PeerRoots──► AskNodes ──PeerNodes──► (level after level) ──► for each range that differs:
///  AskPeer ──PeerListed──► ScanLocal ──LocalListed──► FetchRows ──RowsMerged──► next range or keyspace ──► Finished
///                              ▲                          │
///                              └── the peer's listing reaches further than the local one
/// </code>
/// </summary>
/// <remarks>
/// It only pulls: what the peer lacks, the peer pulls in its own exchange, so neither side has to trust or wait for the
/// other's progress. A lost link or a restarted peer means beginning again: the cursor says nothing about what the
/// peer holds now. The system keyspace comes first, so that a flush is known before the rows it covers arrive.
/// </remarks>
public sealed class PartitionExchange : IDisposable
{
    private readonly RangeListing _remote = new();
    private readonly List<int> _toFetch = [];
    private readonly List<int> _toPrune = [];
    private readonly byte[] _keyspaces;
    private readonly IOwnTrees? _trees;
    private readonly bool _onlyTrees;
    private readonly TreeDescent _descent = new();
    private readonly PeerRoot[] _peerRoots;
    private int _keyspaceIndex = -1;
    private int _rangeIndex;
    private ulong _remoteEnd, _stepEnd;

    /// <param name="partition">The partition on both sides.</param>
    /// <param name="peer">Node id of the replica that is asked.</param>
    /// <param name="keyspaces">In the order to exchange, the system keyspace first.</param>
    /// <param name="trees">This side's trees; null: everything is listed.</param>
    /// <param name="onlyTrees">A keyspace without a tree on either side is left out, not listed: the exchange then promises nothing.</param>
    public PartitionExchange(int partition, ushort peer, ReadOnlySpan<byte> keyspaces, IOwnTrees? trees = null, bool onlyTrees = false)
    {
        Check.That(!keyspaces.IsEmpty);
        Partition = partition;
        Peer = peer;
        _keyspaces = keyspaces.ToArray();
        _peerRoots = new PeerRoot[keyspaces.Length];
        _trees = trees;
        _onlyTrees = onlyTrees;
        Step = ExchangeStep.AskRoots;
        if (trees is null)
            NextKeyspace();
    }

    public int Partition { get; }

    public ushort Peer { get; }

    public ExchangeStep Step { get; private set; }

    /// <summary>The keyspace of the current range.</summary>
    public byte Keyspace => _keyspaces[_keyspaceIndex];

    /// <summary>First hash of the current range.</summary>
    public ulong From { get; private set; }

    /// <summary>Where the range ends, exclusive; 0: with the greatest hash.</summary>
    public ulong To { get; private set; }

    /// <summary>The level of the nodes in <see cref="Question"/>.</summary>
    public int Level => _descent.Level;

    /// <summary>Nodes whose children are to be asked for.</summary>
    public ReadOnlySpan<int> Question => _descent.Question;

    /// <summary>A keyspace was left out for want of a tree.</summary>
    public bool LeftOut { get; private set; }

    /// <summary>The peer called its partition complete in its first answer: what <see cref="CompletionRule"/> asks.</summary>
    public bool PeerWasComplete { get; private set; }

    /// <summary>Keys whose rows are to be fetched, as indices for <see cref="KeyToFetch"/>.</summary>
    public int ToFetch => _toFetch.Count;

    /// <summary>Rows of the listing that <see cref="LocalListed"/> was just given that the peer does not hold: what of them is at or below <see cref="ExchangeFloors.PruneBelow"/> was deleted, and the peer has forgotten that. Empty when that is 0.</summary>
    public IReadOnlyList<int> ToPrune => _toPrune;

    /// <summary>How garbage floors bear on it; nothing until the peer told its roots.</summary>
    public ExchangeFloors Floors { get; private set; }

    /// <summary>Rows compared and rows fetched so far, for progress and metrics.</summary>
    public long RowsCompared { get; private set; }

    public long RowsFetched { get; private set; }

    /// <summary>Bytes of the peer's roots, nodes and listings.</summary>
    public long BytesCompared { get; private set; }

    public ReadOnlySpan<byte> KeyToFetch(int index) => _remote.KeyOf(_toFetch[index]);

    public RangeEntry EntryToFetch(int index) => _remote[_toFetch[index]];

    /// <summary>The peer's roots, encoded as <see cref="PeerRoot"/> says; false when they are malformed.</summary>
    public bool PeerRoots(bool peerIsComplete, ReadOnlySpan<byte> roots, in ExchangeFloors floors = default)
    {
        Check.That(Step == ExchangeStep.AskRoots);
        BytesCompared += roots.Length;
        if (!PeerRoot.TryReadAll(roots, _keyspaces, _peerRoots))
            return false;
        PeerWasComplete = peerIsComplete;
        Floors = floors;
        NextKeyspace();
        return true;
    }

    /// <summary>The children of the nodes in <see cref="Question"/>, each 8 bytes; <paramref name="answered"/> false: the peer has no such tree now.</summary>
    public void PeerNodes(bool answered, ReadOnlySpan<byte> hashes)
    {
        Check.That(Step == ExchangeStep.AskNodes);
        BytesCompared += hashes.Length;
        MerkleTree? own = null;
        bool compared = answered && _trees!.TryGetTree(Keyspace, out own) && _descent.Answer(hashes, own);
        if (!compared)
            WithoutTree();
        else if (_descent.IsFinished)
            FirstRange();
    }

    /// <summary>The peer's answer for [<see cref="From"/>, end); false when it is malformed: give the exchange up.</summary>
    public bool PeerListed(ulong end, bool peerIsComplete, ReadOnlySpan<byte> listing)
    {
        Check.That(Step == ExchangeStep.AskPeer);
        BytesCompared += listing.Length;
        if (!HashRange.IsProper(From, end) || HashRange.NearerEnd(end, To) != end || !_remote.TryDecode(listing, From, end))
            return false;
        // What a copy that met damage leaves out is not deleted.
        if (Prunes && !peerIsComplete)
            return false;
        if (_trees is null && _keyspaceIndex == 0 && From == 0)
            PeerWasComplete = peerIsComplete;
        _remoteEnd = end;
        if (_remote.Count > 0 || Prunes)
            Step = ExchangeStep.ScanLocal;
        else
            Advance(end);
        return true;
    }

    /// <summary>The own rows of [<see cref="From"/>, end), sorted. Finds what differs up to the nearer end.</summary>
    public void LocalListed(ulong end, RangeListing local)
    {
        Check.That(Step == ExchangeStep.ScanLocal && HashRange.IsProper(From, end));
        _stepEnd = HashRange.NearerEnd(end, _remoteEnd);
        _toFetch.Clear();
        int own = 0;
        for (int index = 0; index < _remote.Count; index++)
        {
            RangeEntry theirs = _remote[index];
            if (!HashRange.Contains(From, _stepEnd, theirs.Hash))
                continue;
            RowsCompared++;
            while (own < local.Count && local.ComparePlaces(own, _remote, index) < 0)
                own++;
            bool isHeld = own < local.Count && local.ComparePlaces(own, _remote, index) == 0;
            bool isSame = isHeld && local[own].Max == theirs.Max && local[own].Digest == theirs.Digest;
            if (!isSame && (isHeld || !IsOfUsers || !Floors.Skips(theirs)))
                _toFetch.Add(index);
        }
        FindPruned(local);
        if (_toFetch.Count > 0)
            Step = ExchangeStep.FetchRows;
        else
            Advance(_stepEnd);
    }

    /// <summary>Every row of <see cref="ToFetch"/> is merged and durable here (or the peer no longer has it).</summary>
    public void RowsMerged()
    {
        Check.That(Step == ExchangeStep.FetchRows);
        RowsFetched += _toFetch.Count;
        _toFetch.Clear();
        Advance(_stepEnd);
    }

    public void Dispose() => _remote.Dispose();

    /// <summary>Any keyspace but the first, the system's.</summary>
    private bool IsOfUsers => _keyspaceIndex > 0;

    private bool Prunes => Floors.PruneBelow > 0 && IsOfUsers;

    private void FindPruned(RangeListing local)
    {
        _toPrune.Clear();
        int theirs = 0;
        for (int index = 0; Prunes && index < local.Count; index++)
        {
            while (theirs < _remote.Count && _remote.ComparePlaces(theirs, local, index) < 0)
                theirs++;
            bool isTheirs = theirs < _remote.Count && _remote.ComparePlaces(theirs, local, index) == 0;
            if (!isTheirs && HashRange.Contains(From, _stepEnd, local[index].Hash))
                _toPrune.Add(index);
        }
    }

    private void Advance(ulong end)
    {
        if (end != _remoteEnd)
        {
            From = end;
            Step = ExchangeStep.ScanLocal;
            return;
        }
        _remote.Clear();
        if (end != To)
        {
            From = end;
            Step = ExchangeStep.AskPeer;
            return;
        }
        _rangeIndex++;
        NextRange();
    }

    private void NextKeyspace()
    {
        while (++_keyspaceIndex < _keyspaces.Length)
        {
            if (_trees is null)
            {
                WithoutTree();
                return;
            }
            PeerRoot theirs = _peerRoots[_keyspaceIndex];
            if (theirs.IsEmpty && !Prunes)
                continue;
            bool isBuilt = _trees.TryGetTree(Keyspace, out MerkleTree? own);
            bool isEqual = theirs.IsEmpty ? isBuilt && own is null : theirs.IsBuilt && isBuilt && own?.Root == theirs.Hash;
            if (isEqual)
                continue;
            if (theirs.IsBuilt && isBuilt && own is not null)
            {
                _descent.Begin(own.Depth, theirs.Depth, bothWays: Prunes);
                Step = ExchangeStep.AskNodes;
                return;
            }
            bool holdsNothing = isBuilt && own is null;
            if (_onlyTrees && !holdsNothing)
            {
                LeftOut = true;
                continue;
            }
            _descent.TakeAll();
            FirstRange();
            return;
        }
        Step = ExchangeStep.Finished;
    }

    private void WithoutTree()
    {
        if (_onlyTrees)
        {
            LeftOut = true;
            NextKeyspace();
            return;
        }
        _descent.TakeAll();
        FirstRange();
    }

    private void FirstRange()
    {
        _rangeIndex = 0;
        NextRange();
    }

    private void NextRange()
    {
        if (_rangeIndex == _descent.Ranges.Count)
        {
            NextKeyspace();
            return;
        }
        (From, To) = _descent.Ranges[_rangeIndex];
        Step = ExchangeStep.AskPeer;
    }
}
