namespace Torc.Tests.Storage;

/// <summary>
/// What a log may hold after a crash: the state after some prefix of the operations, with every durable one in it.
/// </summary>
internal sealed class PrefixModel
{
    private readonly List<(long EndOffset, Action<SortedDictionary<Name, Row>> Apply)> _pending = [];
    private SortedDictionary<Name, Row> _durable = [];

    public static bool IsSame(SortedDictionary<Name, Row> left, SortedDictionary<Name, Row> right) =>
        left.Count == right.Count && left.SequenceEqual(right);

    public static void Drop(SortedDictionary<Name, Row> model, byte keyspace, ushort partition)
    {
        foreach (Name there in model.Keys.Where(there => there.Keyspace == keyspace && there.Partition == partition).ToArray())
            model.Remove(there);
    }

    public void Did(long endOffset, Action<SortedDictionary<Name, Row>> apply) => _pending.Add((endOffset, apply));

    public void BecameDurable(long offset)
    {
        int count = 0;
        while (count < _pending.Count && _pending[count].EndOffset <= offset)
            _pending[count++].Apply(_durable);
        _pending.RemoveRange(0, count);
    }

    public SortedDictionary<Name, Row> Current()
    {
        var model = new SortedDictionary<Name, Row>(_durable);
        foreach ((_, Action<SortedDictionary<Name, Row>> apply) in _pending)
            apply(model);
        return model;
    }

    public bool IsPossible(SortedDictionary<Name, Row> found)
    {
        var model = new SortedDictionary<Name, Row>(_durable);
        foreach ((_, Action<SortedDictionary<Name, Row>> apply) in _pending)
        {
            if (IsSame(model, found))
                return true;
            apply(model);
        }
        return IsSame(model, found);
    }

    public void Adopt(SortedDictionary<Name, Row> found)
    {
        _durable = found;
        _pending.Clear();
    }
}
