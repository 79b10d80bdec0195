using System.Collections.Concurrent;

namespace Torc.Server.Hosting;

/// <summary>Keeps a bounded number of objects for reuse; any thread.</summary>
internal sealed class ObjectPool<T>(int keptMax)
    where T : class, new()
{
    private readonly ConcurrentQueue<T> _kept = new();
    private int _count;

    internal T Rent()
    {
        if (!_kept.TryDequeue(out T? kept))
            return new T();
        Interlocked.Decrement(ref _count);
        return kept;
    }

    /// <summary>Takes back an object that holds nothing of its last use; drops it when enough are kept.</summary>
    internal void Return(T item)
    {
        if (Interlocked.Increment(ref _count) <= keptMax)
            _kept.Enqueue(item);
        else
            Interlocked.Decrement(ref _count);
    }
}
