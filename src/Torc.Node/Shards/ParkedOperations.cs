using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>What a shard began and cannot go on with: it waits for a read from disk, or for space in the log.</summary>
internal sealed class ParkedOperations(OperationPool pool)
{
    private readonly Dictionary<ColdRead, List<IResumable>> _cold = [];
    private List<IResumable> _stalled = [];
    private List<IResumable> _resuming = [];

    /// <summary>Something waits for space in the log.</summary>
    public bool HasStalled => _stalled.Count > 0;

    /// <summary>Waits for a cold read, or for space in the log when null.</summary>
    public void Park(IResumable resumable, ColdRead? cold, Outbox outbox)
    {
        if (cold is null)
        {
            _stalled.Add(resumable);
            return;
        }
        if (!_cold.TryGetValue(cold, out List<IResumable>? waiting))
        {
            _cold.Add(cold, waiting = []);
            outbox.ColdReads.Add(cold);
        }
        waiting.Add(resumable);
    }

    public void OnColdRead(ColdRead read)
    {
        if (!_cold.Remove(read, out List<IResumable>? waiting))
            return;
        foreach (IResumable resumable in waiting)
            Resume(resumable, read);
    }

    /// <summary>What found the log full tries again.</summary>
    public void OnStorageProgress()
    {
        if (_stalled.Count == 0)
            return;
        (_stalled, _resuming) = (_resuming, _stalled);
        foreach (IResumable resumable in _resuming)
            Resume(resumable, null);
        _resuming.Clear();
    }

    private void Resume(IResumable waiting, ColdRead? finished)
    {
        waiting.Resume(finished);
        pool.PutBack(waiting as KeyOperation);
    }
}
