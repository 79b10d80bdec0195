using System.Collections.Concurrent;
using Torc.Node;
using Torc.Server.Metrics;
using Torc.Server.Sockets;
using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// Writes and syncs one shard's log in groups, and lets the replies go that waited for it. A failed sync ends the node; it is never tried
/// again. With storage in memory only there is nothing to do.
/// <para>
/// Under <c>always</c> replies wait for the sync. One thread gathers waiting work for at most a quarter of a sync, syncs it, tells the shard's home loop, which sends
/// acknowledgements to peers and replies to clients, all of a round in one write each, and goes on to the next.
/// </para>
/// <para>
/// Otherwise they wait for the write only, so that a killed process takes nothing back that it acknowledged. The thread that ran turns writes
/// what they appended itself, once for all turns of an event loop's round: a copy into the page cache costs less than waking another thread. One thread here writes
/// what no turn wrote, such as the copies of compaction; the other syncs, while writes go on.
/// </para>
/// </summary>
internal sealed class ShardCommitter
{
    private const int IdleWaitMs = 100;

    /// <summary>Between two writes that no turn waits for: one for many steps of maintenance.</summary>
    private const int UnawaitedWriteIntervalMs = 1;

    /// <summary>Outside <c>always</c>, between two looks whether a sync is due.</summary>
    private const int SyncPollMs = 25;

    /// <summary>Replies and frames that wait for the log; above it the shard takes no further work until some have left.</summary>
    private const long HeldBytesMax = 256L << 20;

    /// <summary>Weight of the newest sync in the running mean of their durations: one eighth.</summary>
    private const int MeanShift = 3;

    private readonly ShardHost _host;
    private readonly HostParts _parts;
    private readonly bool _writes;
    private readonly bool _syncsFirst;
    private readonly ConcurrentQueue<HeldTurn> _held = new();
    private readonly Lock _releasing = new();
    private readonly WakeUp _work = new();
    private readonly Thread[] _threads;
    private int _heldCount;
    private long _heldBytes;
    private int _signalled;
    private long _open;
    private long _flushedTo;
    private FlushGroup? _turnWrite;
    private FlushGroup? _ownWrite;
    private long _meanSyncMicros;
    private int _gathered; // turns that were held since the last group of these threads began
    private int _lastGroup; // so many were when it did
    private volatile bool _stopping;

    internal ShardCommitter(ShardHost host, StorageOptions storage, HostParts parts)
    {
        _host = host;
        _parts = parts;
        _writes = storage.Mode == StorageMode.Log;
        _syncsFirst = storage.Durability == Durability.Always;
        NoteOpen();
        _threads = _syncsFirst ? [MakeThread(Run, "commit")] : [MakeThread(Run, "write"), MakeThread(RunSyncs, "sync")];
    }

    /// <summary>Durations of flush groups.</summary>
    internal LatencyHistogram Flushes { get; } = new();

    internal bool IsFull => Interlocked.Read(ref _heldBytes) > HeldBytesMax;

    internal bool HoldsAny => Volatile.Read(ref _heldCount) > 0;

    /// <summary>Whether what lies below the barrier is as safe as the durability asks for before anybody hears of it: synced, or written.</summary>
    internal bool IsOpen(long barrier) => !_writes || barrier <= Interlocked.Read(ref _open);

    /// <summary>Keeps an outbox until the log is open up to its barrier and those held before it have left.</summary>
    internal void Hold(Outbox outbox)
    {
        long barrier = outbox.Barrier;
        HoldForWrite(outbox);
        // Whoever wrote up to the barrier meanwhile may have looked at the queue before.
        if (!_syncsFirst && IsOpen(barrier))
            ReleaseHeld();
        else
            Signal();
    }

    /// <summary>What lies below the barrier is not with the operating system yet, and that is all that the durability asks for: whoever ran the turn writes it.</summary>
    internal bool WaitsForWriteOnly(long barrier) => !_syncsFirst && !IsOpen(barrier);

    /// <summary>Keeps an outbox until <see cref="WriteTurns"/>, which the caller sees to, or whoever else writes the log up to its barrier.</summary>
    internal void HoldForWrite(Outbox outbox)
    {
        Interlocked.Increment(ref _heldCount);
        Interlocked.Increment(ref _gathered);
        Interlocked.Add(ref _heldBytes, outbox.Bytes);
        _held.Enqueue(HeldTurn.Of(outbox, _host));
    }

    /// <summary>Writes what turns appended, and lets go what waited for it. When another thread is writing, the next write of this committer's threads does.</summary>
    internal void WriteTurns()
    {
        FlushGroup? group = null;
        lock (_host.Gate)
        {
            if (_ownWrite is { IsDone: true } written)
                EndOwnWrite(written);
            if (!_stopping)
                group = _host.Store.BeginWrite();
            if (group is not null)
                Volatile.Write(ref _turnWrite, group);
        }
        if (group is null)
            Signal();
        else
            RunTurnWrite(group);
        if (HoldsAny)
            ReleaseHeld();
    }

    private void RunTurnWrite(FlushGroup group)
    {
        bool stalled;
        try
        {
            Run(group);
            lock (_host.Gate)
            {
                End(group);
                stalled = _host.HasStalled;
            }
        }
        finally
        {
            Volatile.Write(ref _turnWrite, null);
        }
        if (stalled)
            _host.OnStorageProgress();
    }

    /// <summary>Maintenance may have appended, for which nobody waits. Under <c>always</c> the next group takes it along.</summary>
    internal void OnMaintained(long appended)
    {
        if (!_syncsFirst)
            OnAppended(appended);
    }

    /// <summary>The log was appended to; it is flushed soon, whatever the durability.</summary>
    internal void OnAppended(long appended)
    {
        if (_writes && appended > Interlocked.Read(ref _flushedTo))
            Signal();
    }

    internal void Start()
    {
        if (!_writes)
            return;
        foreach (Thread thread in _threads)
            thread.Start();
    }

    /// <summary>Ends the threads after the flush under way, that of a turn included. Safe to call twice, and before <see cref="Start"/>.</summary>
    internal void Stop()
    {
        lock (_host.Gate)
            _stopping = true; // under the lock, so that a write of turns is either seen below or never begins
        foreach (Thread thread in _threads)
        {
            while (thread.IsAlive)
            {
                _work.Set();
                thread.Join(IdleWaitMs);
            }
        }
        while (Volatile.Read(ref _turnWrite) is not null)
            Thread.Yield();
    }

    /// <summary>Flushes everything appended so far on the caller's thread, while no thread of this committer runs, and lets go what waited.</summary>
    internal void FlushNow()
    {
        while (Flush())
        {
        }
        ReleaseHeld();
    }

    private Thread MakeThread(ThreadStart run, string task) => new(run) { IsBackground = true, Name = $"{task} {_host.Index}" };

    private void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
            _work.Set();
    }

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                _work.Wait(IdleWaitMs);
                if (_stopping)
                    return;
                Interlocked.Exchange(ref _signalled, 0);
                Gather();
                bool more = Flush();
                if (more)
                    Signal();
                if (HoldsAny)
                    _host.ReleaseHeld();
                else if (!_syncsFirst && !more)
                    Thread.Sleep(UnawaitedWriteIntervalMs);
            }
        }
        catch (Exception error)
        {
            _parts.Fate.Fail(error);
        }
    }

    private void RunSyncs()
    {
        try
        {
            while (!_stopping)
            {
                Sync();
                Thread.Sleep(SyncPollMs);
            }
        }
        catch (Exception error)
        {
            _parts.Fate.Fail(error);
        }
    }

    /// <summary>
    /// Waits a little while fewer turns are waiting than the last group held: those it answered are about to come back.
    /// </summary>
    private void Gather()
    {
        if (!_syncsFirst || _meanSyncMicros == 0)
            return;
        long until = HostClock.MonotonicMicros + _meanSyncMicros / 4;
        while (Volatile.Read(ref _gathered) < _lastGroup && HostClock.MonotonicMicros < until)
            Thread.Yield();
    }

    /// <summary>One group of a thread of this committer; true when more was appended meanwhile.</summary>
    private bool Flush()
    {
        FlushGroup? group;
        lock (_host.Gate)
        {
            ShardStore store = _host.Store;
            group = store.WritesAlone ? store.BeginWrite() : store.BeginFlush(HostClock.Now);
            _ownWrite = group;
            NoteOpen();
        }
        if (group is null)
            return false;
        _lastGroup = Interlocked.Exchange(ref _gathered, 0);
        long micros = Run(group);
        bool stalled, more;
        lock (_host.Gate)
        {
            // A turn that came in between may have ended it, and have begun the next.
            if (_ownWrite is not null)
            {
                if (_syncsFirst)
                {
                    _meanSyncMicros += (micros - _meanSyncMicros) >> MeanShift;
                    _host.ObserveSync(micros);
                }
                EndOwnWrite(group);
            }
            stalled = _host.HasStalled;
            more = _host.Store.AppendedOffset > Interlocked.Read(ref _flushedTo);
        }
        if (stalled)
            _host.OnStorageProgress();
        return more;
    }

    /// <summary>What was written is synced when that is due. Nothing waits for it, and the log is written meanwhile.</summary>
    private void Sync()
    {
        FlushGroup? group;
        lock (_host.Gate)
            group = _host.Store.BeginSync(HostClock.Now);
        if (group is null)
            return;
        Run(group);
        lock (_host.Gate)
            _host.Store.EndFlush(group);
    }

    /// <summary>Outside the lock; the microseconds that it took.</summary>
    private long Run(FlushGroup group)
    {
        long began = HostClock.MonotonicMicros;
        group.Run(_host.Disk);
        long micros = HostClock.MonotonicMicros - began;
        Flushes.Add(micros);
        return micros;
    }

    private void EndOwnWrite(FlushGroup group)
    {
        _ownWrite = null;
        End(group);
    }

    /// <summary>Under the lock, once a group that wrote has run.</summary>
    private void End(FlushGroup group)
    {
        Interlocked.Exchange(ref _flushedTo, group.EndOffset);
        _host.Store.EndFlush(group);
        NoteOpen();
    }

    /// <summary>Under the lock.</summary>
    private void NoteOpen() =>
        Interlocked.Exchange(ref _open, _syncsFirst ? _host.Store.DurableOffset : _host.Store.WrittenOffset);

    /// <summary>Lets go, in order, what the log is open for.</summary>
    internal void ReleaseHeld()
    {
        while (TakeOpen() is { } turn)
            turn.Release();
    }

    /// <summary>Takes the oldest outbox if the log is open for it, and sends its frames.</summary>
    private HeldTurn? TakeOpen()
    {
        lock (_releasing)
        {
            if (!_held.TryPeek(out HeldTurn? oldest) || !IsOpen(oldest.Outbox.Barrier))
                return null;
            _held.TryDequeue(out _);
            _parts.Links.SendGated(oldest.Outbox);
            Interlocked.Decrement(ref _heldCount);
            Interlocked.Add(ref _heldBytes, -oldest.Outbox.Bytes);
            return oldest;
        }
    }
}
