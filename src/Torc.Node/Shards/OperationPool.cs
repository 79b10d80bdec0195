namespace Torc.Node.Shards;

/// <summary>
/// Operations on keys that ended, for the next requests: a request allocates nothing. One comes back when no frame of it is left
/// on the stack and nobody will call it again.
/// </summary>
internal sealed class OperationPool(Shard shard)
{
    private const int FreeMax = 1024;
    private readonly Stack<ReadOperation> _reads = new();
    private readonly Stack<WriteOperation> _writes = new();
    private readonly Stack<ModifyOperation> _modifies = new();

    public ReadOperation TakeRead() => _reads.TryPop(out ReadOperation? free) ? free : new ReadOperation(shard);

    public WriteOperation TakeWrite() => _writes.TryPop(out WriteOperation? free) ? free : new WriteOperation(shard);

    public ModifyOperation TakeModify() => _modifies.TryPop(out ModifyOperation? free) ? free : new ModifyOperation(shard);

    /// <summary>Keeps an operation if it ended; anything else is left alone. Safe to call again.</summary>
    public void PutBack(Operation? operation)
    {
        if (operation is not KeyOperation { IsReusable: true, IsPutBack: false } ended)
            return;
        ended.IsPutBack = true;
        switch (ended)
        {
            case ReadOperation read when _reads.Count < FreeMax:
                _reads.Push(read);
                break;
            case WriteOperation write when _writes.Count < FreeMax:
                _writes.Push(write);
                break;
            case ModifyOperation modify when _modifies.Count < FreeMax:
                _modifies.Push(modify);
                break;
        }
    }
}
