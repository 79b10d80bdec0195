using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Shards;
using Torc.Server.Hosting.Peers;
using Torc.Server.Sockets;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// Runs one shard for real: gives it turns on the event loops that bring work, and what other threads bring on its home loop, under its
/// lock, and performs the effects outside. Frames that may leave at once leave first; replies and acknowledgements wait until the log is synced past what they
/// tell of, or, outside <c>always</c>, written: see <see cref="ShardCommitter"/>.
/// </summary>
internal sealed class ShardHost : SerialExecutor<ShardWork>, IRoundWork, IDisposable
{
    private const int CommandsPerTurnMax = 256;

    /// <summary>Replies and frames that one turn may make, one more value excepted; what is left of its input runs in the next turn.</summary>
    private const int BytesPerTurnMax = 1 << 20;
    private const int FullPauseMs = 1;

    private readonly Shard _shard;
    private readonly HostParts _parts;
    private readonly ShardMaintenance _maintenance;
    private readonly ColdReaders _coldReaders;
    private readonly EventLoop? _home;
    private readonly Rest _rest;
    private readonly HostWork _logWrite; // of what the turns of a round appended
    private readonly HostWork _heldRelease; // of what the committer has made safe
    private RequestBatch? _batch;
    private ReceivedFrame? _frame;
    private int _frameMessagesDone;
    private int _tickWaits;
    private bool _isClosed;

    /// <param name="home">The loop that runs what threads that are no loops bring; null: they run it themselves.</param>
    internal ShardHost(Shard shard, IDisk disk, StorageOptions storage, HostParts parts, ColdReaders coldReaders, EventLoop? home)
    {
        _home = home;
        _rest = new Rest(this);
        _shard = shard;
        _parts = parts;
        _coldReaders = coldReaders;
        Disk = disk;
        Committer = new ShardCommitter(this, storage, parts);
        _logWrite = new HostWork(Committer.WriteTurns, parts.Fate);
        _heldRelease = new HostWork(Committer.ReleaseHeld, parts.Fate);
        _maintenance = new ShardMaintenance(this, parts.Fate);
    }

    internal int Index => _shard.Index;

    internal IDisk Disk { get; }

    internal ShardStore Store => _shard.Store;

    /// <summary>The shard's lock. Never taken while another shard's or a connection's is held.</summary>
    internal Lock Gate { get; } = new();

    internal ShardCommitter Committer { get; }

    /// <summary>Under <see cref="Gate"/>: something waits for space in the log.</summary>
    internal bool HasStalled => _shard.HasStalled;

    /// <summary>Under <see cref="Gate"/>: a sync for which replies waited took so long.</summary>
    internal void ObserveSync(long micros) => _shard.Syncs.Add(micros);

    internal int OperationsUnderWay => _shard.OperationsUnderWay;

    /// <summary>Requests that other nodes sent here to coordinate, not answered yet.</summary>
    internal int ForwardedUnderWay => _shard.ForwardedUnderWay;

    /// <summary>Under <see cref="Gate"/>.</summary>
    internal IReadOnlyDictionary<ushort, long> HintBytes => _shard.HintBytes;

    /// <summary>Under <see cref="Gate"/>.</summary>
    internal void CollectRemoteLags(IDictionary<ushort, long> behindMicros) => _shard.CollectRemoteLags(behindMicros);

    /// <summary>Under <see cref="Gate"/>.</summary>
    internal Tombstones Tombstones => _shard.Tombstones;

    internal IReadOnlyList<bool> CompletePartitions => _shard.CompletePartitions;

    /// <summary>Queues the requests of one connection; the batch is the shard's from now on. Somebody must call <c>Pump</c> afterwards.</summary>
    internal void AddRequests(RequestBatch batch) => Add(ShardWork.Of(batch));

    /// <summary>
    /// Runs what is queued: when this thread is an event loop, at the end of the round, so that the round makes one turn; otherwise on the
    /// home loop soon. A thread that ran it at once would take over what the loops bring meanwhile, far from their caches.
    /// </summary>
    /// <param name="commands">About how many commands were queued.</param>
    internal void PumpInRound(int commands)
    {
        if (EventLoop.Current is { } loop)
            loop.RunTurnInRound(this, commands);
        else if (_home is not null)
            _home.Post(this);
        else
            Pump();
    }

    void IRoundWork.RunInRound() => Pump();

    internal void Start()
    {
        Committer.Start();
        _maintenance.Start();
    }

    /// <summary>Queues a tick unless one is waiting already.</summary>
    internal void Tick()
    {
        if (Interlocked.Exchange(ref _tickWaits, 1) == 0)
            AddAndPump(ShardWork.Tick);
    }

    internal void OnFrame(ReceivedFrame frame)
    {
        Add(ShardWork.Of(frame));
        PumpInRound(frame.MessageCount);
    }

    internal void OnViewChanged(ClusterView view) => AddAndPump(ShardWork.Of(view));

    internal void OnColdRead(ColdRead read) => AddAndPump(ShardWork.Of(read));

    internal void OnStorageProgress() => AddAndPump(ShardWork.Progress);

    /// <summary>Makes what the shard appended when it was opened durable, before it serves.</summary>
    internal void FlushOpening()
    {
        RunTurn(new ConcurrentQueue<ShardWork>(), 0);
        Committer.FlushNow();
    }

    /// <summary>Completes when replies need not wait any more for what is in the log now, or at the deadline.</summary>
    internal async Task WhenOpen(int pollMs, long deadlineMicros)
    {
        long appended;
        lock (Gate)
            appended = Store.AppendedOffset;
        while (!Committer.IsOpen(appended) && HostClock.MonotonicMicros < deadlineMicros)
            await Task.Delay(pollMs);
    }

    /// <summary>Ends the threads, marks the log as cleanly stopped, and makes it durable.</summary>
    internal void StopCleanly()
    {
        Close();
        while (true)
        {
            PutOutcome closed;
            lock (Gate)
                closed = Store.CloseClean();
            Committer.FlushNow();
            if (closed != PutOutcome.Stalled)
                return;
            _maintenance.Step(); // the log may have no room for the mark before another segment is prepared
        }
    }

    public void Dispose()
    {
        Close();
        lock (Gate)
            Store.Dispose();
    }

    /// <summary>Ends the threads; what is queued is dropped from now on.</summary>
    private void Close()
    {
        _maintenance.Stop();
        Committer.Stop();
        lock (Gate)
            _isClosed = true;
    }

    /// <summary>From the committer's threads: what waited for the log leaves, from the home loop soon.</summary>
    internal void ReleaseHeld()
    {
        if (_home is not null)
            _home.Post(_heldRelease);
        else
            Committer.ReleaseHeld();
    }

    /// <summary>Hands replies to their connections and takes the outbox back.</summary>
    internal void Deliver(Outbox outbox)
    {
        _parts.Clients.Deliver(outbox);
        _parts.Outboxes.Return(outbox);
    }

    protected override int RunTurn(ConcurrentQueue<ShardWork> work, int available)
    {
        if (Committer.IsFull)
        {
            // The disk is slower than clients ask: a moment's pause keeps memory bounded. Flushing does not need this thread.
            Thread.Sleep(FullPauseMs);
            return 0;
        }
        Outbox outbox = _parts.Outboxes.Rent();
        int taken = 0;
        try
        {
            long appended;
            lock (Gate)
            {
                if (_isClosed)
                {
                    work.Clear();
                    return available;
                }
                _shard.BeginTurn(HostClock.Now, outbox);
                taken = RunInputs(work, available, outbox);
                _shard.EndTurn();
                appended = Store.AppendedOffset;
            }
            Perform(outbox, appended);
        }
        catch (Exception error)
        {
            _parts.Fate.Fail(error);
        }
        return taken;
    }

    /// <summary>The home loop goes on in its next round, when it has looked at its sockets.</summary>
    protected override void HandOver()
    {
        if (_home is not null)
            _home.Post(_rest);
        else
            base.HandOver();
    }

    private void AddAndPump(ShardWork work)
    {
        Add(work);
        PumpInRound(1);
    }

    /// <summary>Runs inputs until the turn is full; how many were finished. A batch or frame that is not goes on in the next turn.</summary>
    private int RunInputs(ConcurrentQueue<ShardWork> work, int available, Outbox outbox)
    {
        int finished = 0, commands = 0;
        while (HasRoom(commands, outbox))
        {
            if (_batch is not null)
            {
                finished += RunBatch(_batch, ref commands, outbox) ? 1 : 0;
            }
            else if (_frame is not null)
            {
                finished += RunFrame(_frame, ref commands, outbox) ? 1 : 0;
            }
            else if (finished < available && work.TryDequeue(out ShardWork next))
            {
                if (!Begin(next))
                    continue;
                finished++;
                commands++;
            }
            else
            {
                break;
            }
        }
        return finished;
    }

    private static bool HasRoom(int commands, Outbox outbox) => commands < CommandsPerTurnMax && outbox.Bytes < BytesPerTurnMax;

    /// <summary>True when the batch is finished.</summary>
    private bool RunBatch(RequestBatch batch, ref int commands, Outbox outbox)
    {
        while (!batch.IsFinished)
        {
            if (!HasRoom(commands, outbox))
                return false;
            if (batch.Next == batch.Prefetched)
                batch.Prefetched += _shard.Approaches.Bring(CollectionsMarshal.AsSpan(batch.Requests)[batch.Next..]);
            _shard.Execute(batch.Requests[batch.Next++]);
            commands++;
        }
        _batch = null;
        batch.Return();
        return true;
    }

    /// <summary>True when the frame is finished.</summary>
    private bool RunFrame(ReceivedFrame frame, ref int commands, Outbox outbox)
    {
        var reader = new PeerMessageReader(frame.Messages);
        for (int done = 0; done < _frameMessagesDone; done++)
            reader.TryRead(out _);
        PeerMessageReader ahead = reader;
        int prefetched = 0;
        for (int index = 0; reader.TryRead(out PeerMessage message); index++)
        {
            if (index == prefetched)
                prefetched += _shard.Approaches.Bring(ref ahead);
            if (_shard.IsFor(message))
            {
                if (!HasRoom(commands, outbox))
                    return false;
                _shard.OnPeerMessage(frame.From, message);
                commands++;
            }
            _frameMessagesDone++;
        }
        _frame = null;
        _frameMessagesDone = 0;
        frame.Release();
        return true;
    }

    /// <summary>Takes up one input; true when that was all of it.</summary>
    private bool Begin(ShardWork work)
    {
        switch (work.Kind)
        {
            case ShardWorkKind.Requests:
                _batch = (RequestBatch)work.Subject!;
                return false;
            case ShardWorkKind.Frame:
                _frame = (ReceivedFrame)work.Subject!;
                return false;
            case ShardWorkKind.ColdRead:
                _shard.OnColdRead((ColdRead)work.Subject!);
                return true;
            case ShardWorkKind.View:
                _shard.OnViewChanged((ClusterView)work.Subject!);
                return true;
            case ShardWorkKind.Tick:
                Volatile.Write(ref _tickWaits, 0);
                _shard.Tick();
                return true;
            case ShardWorkKind.Progress:
                _shard.OnStorageProgress();
                return true;
            default:
                throw new InvariantException($"shard work of kind {work.Kind}");
        }
    }

    private void Perform(Outbox outbox, long appended)
    {
        if (outbox.Events.Count > 0)
            _parts.Events.Take(outbox.Events);
        _parts.Links.SendImmediate(outbox);
        if (outbox.ReadyReplies.Count > 0)
            _parts.Clients.Deliver(outbox, outbox.ReadyReplies);
        for (int i = 0; i < outbox.ColdReads.Count; i++)
            _coldReaders.Add(this, outbox.ColdReads[i]);
        if (Committer.WaitsForWriteOnly(outbox.Barrier))
        {
            WriteLog(outbox);
            return;
        }
        Committer.OnAppended(appended);
        if (!outbox.HasGated)
            _parts.Outboxes.Return(outbox);
        else if (Committer.IsOpen(outbox.Barrier))
            PerformGated(outbox);
        else
            Committer.Hold(outbox);
    }

    /// <summary>
    /// What the turn appended is written at once and by this thread; on an event loop together with what the round's other turns append, when they have run: a few
    /// large writes cost half of what many small ones do.
    /// </summary>
    private void WriteLog(Outbox outbox)
    {
        if (outbox.HasGated)
            Committer.HoldForWrite(outbox);
        else
            _parts.Outboxes.Return(outbox);
        if (EventLoop.Current is { } loop)
            loop.WriteLogInRound(_logWrite);
        else
            Committer.WriteTurns();
    }

    /// <summary>What tells of records that are safe may leave now; frames to peers still not before older ones that wait.</summary>
    private void PerformGated(Outbox outbox)
    {
        if (outbox.GatedNodes.Count == 0 || !Committer.HoldsAny)
        {
            _parts.Links.SendGated(outbox);
            Deliver(outbox);
            return;
        }
        _parts.Clients.Deliver(outbox);
        outbox.Replies.Clear();
        Committer.Hold(outbox);
    }

    /// <summary>Work of a round beside its turns; what it throws ends the node.</summary>
    private sealed class HostWork(Action work, INodeFate fate) : IRoundWork
    {
        public void RunInRound()
        {
            try
            {
                work();
            }
            catch (Exception error)
            {
                fate.Fail(error);
            }
        }
    }

    /// <summary>What an owner that had many turns left to be run.</summary>
    private sealed class Rest(ShardHost host) : IRoundWork
    {
        public void RunInRound() => host.Drain();
    }
}
