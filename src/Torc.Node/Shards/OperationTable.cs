using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// Operations by id: <c>generation (32 bits) | slot (32 bits)</c>. Removing an operation raises its slot's generation.
/// </summary>
internal sealed class OperationTable(int operationsMax)
{
    private readonly Stack<int> _free = new();
    private readonly List<Operation> _walk = [];
    private readonly List<ulong> _approached = [];
    private Operation?[] _operations = new Operation?[64];
    private uint[] _generations = new uint[64];
    private int _used;
    private ulong _added;

    public int Count { get; private set; }

    /// <summary>Of the operation that was added last; those added later have greater numbers.</summary>
    public ulong LastNumber => _added;

    public bool IsFull => Count >= operationsMax;

    public void Add(Operation operation, long deadlineMicros)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _used++;
            if (slot == _operations.Length)
            {
                Array.Resize(ref _operations, slot * 2);
                Array.Resize(ref _generations, slot * 2);
            }
        }
        Check.That(_operations[slot] is null);
        _operations[slot] = operation;
        operation.Id = (ulong)_generations[slot] << 32 | (uint)slot;
        operation.DeadlineMicros = deadlineMicros;
        operation.IsRegistered = true;
        operation.Number = ++_added;
        Count++;
    }

    /// <summary>Whether a request on a key, or the delivery of a hint, that was added no later than the one of a number is still under way.</summary>
    public bool HasKeyOperation(ulong number)
    {
        for (int slot = 0; slot < _used; slot++)
        {
            if (_operations[slot] is KeyOperation or HintDelivery && _operations[slot]!.Number <= number)
                return true;
        }
        return false;
    }

    public Operation? Find(ulong id)
    {
        uint slot = (uint)id;
        return slot < (uint)_used && _generations[slot] == (uint)(id >> 32) ? _operations[slot] : null;
    }

    /// <summary>An answer for it is about to be handled: begins to bring it towards the processor. <see cref="Arrive"/> follows.</summary>
    public void Approach(ulong id)
    {
        if (Find(id) is not { } operation)
            return;
        ProcessorCache.Prefetch(operation, Operation.ApproachedBytes);
        _approached.Add(id);
    }

    /// <summary>Goes on with all that <see cref="Approach"/> began.</summary>
    public void Arrive()
    {
        if (_approached.Count == 0)
            return;
        foreach (ulong id in _approached)
            Find(id)?.Approach();
        _approached.Clear();
    }

    /// <summary>Gives an operation a new id: answers to what it asked so far no longer reach it.</summary>
    public void Renew(Operation operation)
    {
        if (!operation.IsRegistered)
            return;
        int slot = (int)(uint)operation.Id;
        Check.That(_operations[slot] == operation);
        operation.Id = (ulong)++_generations[slot] << 32 | (uint)slot;
    }

    public void Remove(Operation operation)
    {
        int slot = (int)(uint)operation.Id;
        Check.That(_operations[slot] == operation);
        _operations[slot] = null;
        operation.IsRegistered = false;
        _generations[slot]++;
        _free.Push(slot);
        Count--;
    }

    /// <summary>Time passed: those that are late end, the others may do something about it.</summary>
    public void Tick(Instant now, OperationPool pool)
    {
        foreach (Operation operation in UnderWay())
        {
            if (Find(operation.Id) != operation)
                continue;
            if (operation.DeadlineMicros <= now.MonotonicMicros)
                operation.OnTimeout();
            else
                operation.OnTick();
            pool.PutBack(operation);
        }
    }

    /// <summary>The shard acts by another map.</summary>
    public void MapChanged(ClusterMap previous, ClusterMap map, OperationPool pool)
    {
        foreach (Operation operation in UnderWay())
        {
            if (Find(operation.Id) != operation)
                continue;
            operation.OnMapChanged(previous, map);
            pool.PutBack(operation);
        }
    }

    /// <summary>Nothing is to be expected from a node any more.</summary>
    public void PeerDown(ushort node, OperationPool pool)
    {
        foreach (Operation operation in UnderWay())
        {
            if (Find(operation.Id) != operation)
                continue;
            operation.OnPeerDown(node);
            pool.PutBack(operation);
        }
    }

    /// <summary>All operations at the time of the call: others end and begin while they are walked through.</summary>
    private List<Operation> UnderWay()
    {
        _walk.Clear();
        for (int slot = 0; slot < _used; slot++)
        {
            if (_operations[slot] is { } operation)
                _walk.Add(operation);
        }
        return _walk;
    }
}
