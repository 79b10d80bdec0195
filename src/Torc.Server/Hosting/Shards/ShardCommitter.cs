using System.Collections.Concurrent;
using Torc.Node;
using Torc.Server.Metrics;
using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// Writes and syncs one shard's log in groups, and lets the replies go that waited for it. Two threads take turns at
/// leading: the leader gathers waiting work for at most a quarter of a sync, syncs it, sends acknowledgements to peers in
/// order, and hands leadership on before replies go to the event loops, so that the disk is never idle meanwhile.
/// A failed sync ends the node; it is never tried again. Outside <c>always</c> nothing waits for the log, which is written every
/// millisecond or so; with storage in memory only there is nothing to do.
/// </summary>
internal sealed class ShardCommitter
{
    private const int Threads = 2;
    private const int IdleWaitMs = 100;

    /// <summary>Between two flushes that nobody waits for: one write for many turns, soon enough for a process that crashes.</summary>
    private const int UnawaitedFlushIntervalMs = 1;

    /// <summary>Replies and frames that wait for the log; above it the shard takes no further work until some have left.</summary>
    private const long HeldBytesMax = 256L << 20;

    /// <summary>Weight of the newest sync in the running mean of their durations: one eighth.</summary>
    private const int MeanShift = 3;

    private readonly ShardHost _host;
    private readonly HostParts _parts;
    private readonly bool _gates;
    private readonly bool _writes;
    private readonly ConcurrentQueue<HeldTurn> _held = new();
    private readonly Lock _leadership = new();
    private readonly AutoResetEvent _work = new(false);
    private readonly Thread[] _threads;
    private int _heldCount;
    private long _heldBytes;
    private int _signalled;
    private long _durable;
    private long _flushedTo;
    private long _meanSyncMicros;
    private int _lastGroup;
    private volatile bool _stopping;

    internal ShardCommitter(ShardHost host, StorageOptions storage, HostParts parts)
    {
        _host = host;
        _parts = parts;
        _writes = storage.Mode == StorageMode.Log;
        _gates = _writes && storage.Durability == Durability.Always;
        _durable = host.Store.DurableOffset;
        _threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
            _threads[i] = new Thread(Run) { IsBackground = true, Name = $"commit {host.Index}.{i}" };
    }

    /// <summary>Durations of flush groups.</summary>
    internal LatencyHistogram Flushes { get; } = new();

    internal bool IsFull => Interlocked.Read(ref _heldBytes) > HeldBytesMax;

    internal bool HoldsAny => Volatile.Read(ref _heldCount) > 0;

    internal bool IsDurable(long barrier) => !_gates || barrier <= Interlocked.Read(ref _durable);

    /// <summary>Keeps an outbox until the log is durable past its barrier and those held before it have left.</summary>
    internal void Hold(Outbox outbox)
    {
        Interlocked.Increment(ref _heldCount);
        Interlocked.Add(ref _heldBytes, outbox.Bytes);
        _held.Enqueue(HeldTurn.Of(outbox, _host));
        Signal();
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

    /// <summary>Ends the threads after the flush under way. Safe to call twice, and before <see cref="Start"/>.</summary>
    internal void Stop()
    {
        _stopping = true;
        foreach (Thread thread in _threads)
        {
            while (thread.IsAlive)
            {
                _work.Set();
                thread.Join(IdleWaitMs);
            }
        }
    }

    /// <summary>Flushes everything appended so far on the caller's thread, while no thread of this committer runs, and lets go what waited.</summary>
    internal void FlushNow()
    {
        while (Flush())
        {
        }
        var released = new List<HeldTurn>();
        Release(released);
        foreach (HeldTurn turn in released)
            turn.Release();
    }

    private void Signal()
    {
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
            _work.Set();
    }

    private void Run()
    {
        var released = new List<HeldTurn>();
        try
        {
            while (!_stopping)
            {
                lock (_leadership)
                    Lead(released);
                foreach (HeldTurn turn in released)
                    turn.Release();
                released.Clear();
                _host.Pump();
                if (!_gates && !_stopping)
                    Thread.Sleep(UnawaitedFlushIntervalMs);
            }
        }
        catch (Exception error)
        {
            _parts.Fate.Fail(error);
        }
    }

    private void Lead(List<HeldTurn> released)
    {
        _work.WaitOne(IdleWaitMs);
        if (_stopping)
            return;
        Interlocked.Exchange(ref _signalled, 0);
        Gather();
        if (Flush())
            Signal();
        Release(released);
    }

    /// <summary>
    /// Waits a little while fewer turns are waiting than the last group held: those it answered are about to come back.
    /// </summary>
    private void Gather()
    {
        if (!_gates || _meanSyncMicros == 0)
            return;
        long until = HostClock.MonotonicMicros + _meanSyncMicros / 4;
        while (Volatile.Read(ref _heldCount) < _lastGroup && HostClock.MonotonicMicros < until)
            Thread.Yield();
    }

    /// <summary>One flush group; true when more was appended meanwhile.</summary>
    private bool Flush()
    {
        FlushGroup? group;
        lock (_host.Gate)
        {
            group = _host.Store.BeginFlush(HostClock.Now);
            Interlocked.Exchange(ref _durable, _host.Store.DurableOffset);
        }
        if (group is null)
            return false;
        long began = HostClock.MonotonicMicros;
        group.Run(_host.Disk);
        long micros = HostClock.MonotonicMicros - began;
        Flushes.Add(micros);
        if (group.Syncs)
            _meanSyncMicros += (micros - _meanSyncMicros) >> MeanShift;
        bool stalled, more;
        lock (_host.Gate)
        {
            _host.Store.EndFlush(group);
            Interlocked.Exchange(ref _durable, _host.Store.DurableOffset);
            stalled = _host.HasStalled;
            more = _host.Store.AppendedOffset > group.EndOffset;
        }
        Interlocked.Exchange(ref _flushedTo, group.EndOffset);
        if (stalled)
            _host.Add(ShardWork.Progress);
        return more;
    }

    /// <summary>Takes the outboxes, oldest first, that the log is durable past, and sends their frames.</summary>
    private void Release(List<HeldTurn> released)
    {
        while (_held.TryPeek(out HeldTurn? oldest) && IsDurable(oldest.Outbox.Barrier))
        {
            _held.TryDequeue(out _);
            _parts.Links.SendGated(oldest.Outbox);
            Interlocked.Decrement(ref _heldCount);
            Interlocked.Add(ref _heldBytes, -oldest.Outbox.Bytes);
            released.Add(oldest);
        }
        if (released.Count > 0)
            _lastGroup = released.Count;
    }
}
