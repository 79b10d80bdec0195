using Torc.Core.Cells;
using Torc.Core.Repair;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Builds Merkle trees that are missing, after a start, a floor or damage, or too shallow, by scanning a bounded number of rows in each tick.
/// Partitions that wait to catch up come first. With nothing to build it builds each tree once more, slowly: that reads every record again, so that bits
/// that turned on the disk are found before the other replicas' turn too.
/// </summary>
internal sealed class TreeBuilder(Shard shard) : IScanVisitor, IResumable
{
    /// <summary>Rows scanned in one tick while nobody waits for the tree, and while a partition waits to catch up.</summary>
    private const int RowsPerTickMax = 2_048;
    private const int RowsPerTickAwaitedMax = 8_192;

    /// <summary>Rows of the slow reading again: some may have to come from the disk, one by one.</summary>
    private const int RowsReadAgainPerTick = 8;

    /// <summary>Rows of one step: what the tree takes over at once.</summary>
    private const int RowsPerStepMax = 512;

    /// <summary>(Partition, keyspace) pairs looked at for the next tree to build; few, because mostly there is none and this is done in every tick.</summary>
    private const int PlacesPerSearchMax = 32;

    private readonly List<(byte Keyspace, Version Version)> _floors = [];
    private PartitionTree? _tree;
    private byte _keyspace;
    private ushort _partition;
    private int _place, _placeAgain, _budget, _visited;
    private bool _isParked, _metNews, _readsAgain;

    /// <summary>The partition that waits for its trees; set anew in each tick.</summary>
    public ushort? Awaited { get; set; }

    public void Run()
    {
        if (!shard.Trees.IsOn || _isParked)
            return;
        bool builds = (IsUnderWay && !_readsAgain) || TryBeginNext();
        if (!builds && !IsUnderWay && !TryBeginAgain())
            return;
        _budget = _readsAgain ? RowsReadAgainPerTick : Awaited is null ? RowsPerTickMax : RowsPerTickAwaitedMax;
        Work(null);
    }

    /// <summary>Rows that were not in memory have been read.</summary>
    public void Resume(ColdRead? finished)
    {
        _isParked = false;
        if (shard.Trees.IsOn)
            Work(finished);
    }

    public void Visit(in RecordView record)
    {
        _visited++;
        if (!shard.Rows.TryDecodeScanned(_keyspace, _partition, record, out RowView row))
        {
            VisitUnreadable(record.Offset);
            return;
        }
        if (Floors.IsFloorKey(_keyspace, record.Key))
            _floors.Add((Floors.KeyspaceOf(record.Key), row.BaseVersion));
        Version floor = shard.Floors.Of(_keyspace, _partition).Version;
        if (row.MaxVersion <= floor)
            return;
        shard.Rows.JoinFloor(_keyspace, _partition, ref row, shard.Outbox);
        _tree!.Count(record.Hash, RowHash.Of(record.Hash, row, floor));
    }

    public void VisitUnreadable(long offset) => _metNews |= shard.Rows.OnUnreadable(offset);

    private void Work(ColdRead? finished)
    {
        while (_budget > 0)
        {
            if (!IsUnderWay && (_readsAgain || !TryBeginNext()))
                return;
            if (!Step(finished))
                return;
            finished = null;
        }
    }

    private bool IsUnderWay => _tree is { IsBuilding: true } && shard.Trees.Find(_keyspace, _partition) == _tree;

    private bool TryBeginNext()
    {
        for (int index = 0; Awaited is { } awaited && index < RowTrees.Keyspaces; index++)
        {
            if (TryBegin(awaited, RowTrees.KeyspaceAt(index)))
                return true;
        }
        int places = shard.View.Map!.PartitionCount * RowTrees.Keyspaces;
        for (int looked = 0; looked < Math.Min(places, PlacesPerSearchMax); looked++)
        {
            _place = (_place + 1) % places;
            if (TryBegin((ushort)(_place / RowTrees.Keyspaces), RowTrees.KeyspaceAt(_place % RowTrees.Keyspaces)))
                return true;
        }
        return false;
    }

    private bool TryBegin(ushort partition, byte keyspace)
    {
        if (!shard.Holds(partition) || !shard.Trees.NeedsBuild(keyspace, partition))
            return false;
        Begin(partition, keyspace, readsAgain: false);
        return true;
    }

    /// <summary>The next tree that there is.</summary>
    private bool TryBeginAgain()
    {
        int places = shard.View.Map!.PartitionCount * RowTrees.Keyspaces;
        for (int looked = 0; looked < PlacesPerSearchMax; looked++)
        {
            _placeAgain = (_placeAgain + 1) % places;
            var partition = (ushort)(_placeAgain / RowTrees.Keyspaces);
            byte keyspace = RowTrees.KeyspaceAt(_placeAgain % RowTrees.Keyspaces);
            if (!shard.Holds(partition) || shard.Trees.Find(keyspace, partition)?.Tree is null)
                continue;
            Begin(partition, keyspace, readsAgain: true);
            return true;
        }
        return false;
    }

    private void Begin(ushort partition, byte keyspace, bool readsAgain)
    {
        if (IsUnderWay)
            _tree!.AbandonBuild();
        _partition = partition;
        _keyspace = keyspace;
        _readsAgain = readsAgain;
        _tree = shard.Trees.BeginBuild(keyspace, partition);
    }

    /// <summary>False while it waits for the disk.</summary>
    private bool Step(ColdRead? finished)
    {
        _visited = 0;
        _floors.Clear();
        _metNews = false;
        ScanOutcome outcome = shard.Store.Scan(
            _keyspace, _partition, _tree!.Reached, _readsAgain ? RowsReadAgainPerTick : RowsPerStepMax, finished, this, out ulong end, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            _isParked = true;
            shard.Park(this, cold);
            return false;
        }
        _tree.RangeCounted(end);
        foreach ((byte keyspace, Version version) in _floors)
            shard.Rows.RaiseFloor(keyspace, _partition, version);
        _budget -= Math.Max(_visited, 1);
        if (!_metNews)
            return true;
        // A new tree does not have the damaged rows, so comparing finds them missing; one that is being read again has them, and has to go.
        if (_readsAgain)
            shard.OnDamagedRecord(_partition);
        else
            shard.OnDamageScanned(_partition);
        return true;
    }
}
