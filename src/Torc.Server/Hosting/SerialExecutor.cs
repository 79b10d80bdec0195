using System.Collections.Concurrent;

namespace Torc.Server.Hosting;

/// <summary>
/// Runs work one piece at a time on whatever threads bring it. Who brings work to an idle executor runs it, and then what
/// others brought meanwhile; they go on at once. So no thread ever waits for another, and no thread is kept for it.
/// Adding and running are separate steps: a caller may add under a lock of its own, to fix the order, and run outside it.
/// </summary>
/// <remarks>
/// <c>_pending</c> counts the pieces added and not yet finished. Whoever raises it from zero owns the executor until
/// it has brought it back to zero. After some turns the owner hands over, so that a connection does not run everybody's work for ever.
/// </remarks>
internal abstract class SerialExecutor<TWork> : IThreadPoolWorkItem
{
    private const int TurnsPerOwnerMax = 16;
    private readonly ConcurrentQueue<TWork> _work = new();
    private int _added;
    private int _pending;

    /// <summary>Puts work at the end of the queue; somebody must call <see cref="Pump"/> afterwards.</summary>
    internal void Add(TWork work)
    {
        _work.Enqueue(work);
        Interlocked.Increment(ref _added);
    }

    /// <summary>Runs what is queued, unless another thread is at it, which then will.</summary>
    internal void Pump()
    {
        int added = Interlocked.Exchange(ref _added, 0);
        if (added > 0 && Interlocked.Add(ref _pending, added) == added)
            Drain();
    }

    void IThreadPoolWorkItem.Execute() => Drain();

    /// <summary>Runs up to a bounded number of pieces from the queue and performs their effects; how many it took.</summary>
    protected abstract int RunTurn(ConcurrentQueue<TWork> work, int available);

    protected void Drain()
    {
        for (int turn = 0; turn < TurnsPerOwnerMax; turn++)
        {
            int finished = RunTurn(_work, Volatile.Read(ref _pending));
            if (Interlocked.Add(ref _pending, -finished) == 0)
                return;
        }
        HandOver();
    }

    /// <summary>Somebody else is to run <see cref="Drain"/>.</summary>
    protected virtual void HandOver() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
