using System.Collections.Concurrent;
using Torc.Base;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Shards;
using Torc.Server.Hosting.Peers;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// Runs one shard for real: gives it turns on whatever threads bring work, under its lock, and performs the effects
/// outside. Frames that may leave at once leave first; replies and acknowledgements wait with the
/// <see cref="ShardCommitter"/> until the log is durable past what they tell of.
/// </summary>
internal sealed class ShardHost : SerialExecutor<ShardWork>, IDisposable
{
    private const int CommandsPerTurnMax = 256;

    /// <summary>Replies of one turn in memory at once, one more value excepted; the rest of a batch runs in the next turn.</summary>
    private const int ReplyBytesPerTurnMax = 1 << 20;

    private readonly Shard _shard;
    private readonly HostParts _parts;
    private readonly ShardMaintenance _maintenance;
    private readonly ColdReaders _coldReaders;
    private RequestBatch? _unfinished;
    private int _tickWaits;

    internal ShardHost(Shard shard, IDisk disk, Durability durability, HostParts parts, ColdReaders coldReaders)
    {
        _shard = shard;
        _parts = parts;
        _coldReaders = coldReaders;
        Disk = disk;
        Committer = new ShardCommitter(this, durability, parts);
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

    internal int OperationsUnderWay => _shard.OperationsUnderWay;

    internal IReadOnlyList<bool> CompletePartitions => _shard.CompletePartitions;

    /// <summary>Queues the requests of one connection; the batch is the shard's from now on. Somebody must call <c>Pump</c> afterwards.</summary>
    internal void AddRequests(RequestBatch batch) => Add(ShardWork.Of(batch));

    internal void Start()
    {
        Committer.Start();
        _maintenance.Start();
    }

    /// <summary>Queues a tick unless one is waiting already.</summary>
    internal void Tick()
    {
        if (Interlocked.Exchange(ref _tickWaits, 1) == 0)
            Add(ShardWork.Tick);
        Pump();
    }

    internal void OnFrame(ReceivedFrame frame) => AddAndPump(ShardWork.Of(frame));

    internal void OnViewChanged(ClusterView view) => AddAndPump(ShardWork.Of(view));

    internal void OnColdRead(ColdRead read) => AddAndPump(ShardWork.Of(read));

    internal void OnStorageProgress() => AddAndPump(ShardWork.Progress);

    /// <summary>Makes what the shard appended when it was opened durable, before it serves.</summary>
    internal void FlushOpening()
    {
        RunTurn(new ConcurrentQueue<ShardWork>(), 0);
        Committer.FlushNow();
    }

    /// <summary>Ends the threads, marks the log as cleanly stopped, and makes it durable.</summary>
    internal void StopCleanly()
    {
        _maintenance.Stop();
        Committer.Stop();
        PutOutcome closed;
        do
        {
            lock (Gate)
                closed = Store.CloseClean();
            Committer.FlushNow();
        }
        while (closed == PutOutcome.Stalled);
    }

    public void Dispose()
    {
        _maintenance.Stop();
        Committer.Stop();
        lock (Gate)
            Store.Dispose();
    }

    /// <summary>Hands replies to their connections and takes the outbox back.</summary>
    internal void Deliver(Outbox outbox)
    {
        _parts.Clients.Deliver(outbox);
        _parts.Outboxes.Return(outbox);
    }

    protected override int RunTurn(ConcurrentQueue<ShardWork> work, int available)
    {
        Outbox outbox = _parts.Outboxes.Rent();
        int taken = 0;
        try
        {
            long appended;
            lock (Gate)
            {
                _shard.BeginTurn(HostClock.Now, outbox);
                taken = RunInputs(work, available, outbox);
                _shard.EndTurn();
                appended = Store.AppendedOffset;
            }
            Committer.OnAppended(appended);
            Perform(outbox);
        }
        catch (Exception error)
        {
            _parts.Fate.Fail(error);
        }
        return taken;
    }

    private void AddAndPump(ShardWork work)
    {
        Add(work);
        Pump();
    }

    /// <summary>Runs inputs until the turn is full; how many were finished. A batch that is not goes on in the next turn.</summary>
    private int RunInputs(ConcurrentQueue<ShardWork> work, int available, Outbox outbox)
    {
        int finished = 0, commands = 0;
        while (commands < CommandsPerTurnMax && outbox.ReplyBytes.Length < ReplyBytesPerTurnMax)
        {
            if (_unfinished is { } batch)
            {
                commands += RunSome(batch, CommandsPerTurnMax - commands, outbox);
                if (!batch.IsFinished)
                    continue;
                _unfinished = null;
                batch.Return();
                finished++;
            }
            else if (finished < available && work.TryDequeue(out ShardWork next))
            {
                if (next.Kind == ShardWorkKind.Requests)
                {
                    _unfinished = (RequestBatch)next.Subject!;
                    continue;
                }
                commands += Run(next);
                finished++;
            }
            else
            {
                break;
            }
        }
        return finished;
    }

    private int RunSome(RequestBatch batch, int commandsMax, Outbox outbox)
    {
        int begin = batch.Next;
        int end = Math.Min(batch.Requests.Count, begin + commandsMax);
        while (batch.Next < end && outbox.ReplyBytes.Length < ReplyBytesPerTurnMax)
            _shard.Execute(batch.Requests[batch.Next++]);
        return batch.Next - begin;
    }

    private int Run(ShardWork work)
    {
        switch (work.Kind)
        {
            case ShardWorkKind.Frame:
                return RunFrame((ReceivedFrame)work.Subject!);
            case ShardWorkKind.ColdRead:
                _shard.OnColdRead((ColdRead)work.Subject!);
                return 1;
            case ShardWorkKind.View:
                _shard.OnViewChanged((ClusterView)work.Subject!);
                return 1;
            case ShardWorkKind.Tick:
                Volatile.Write(ref _tickWaits, 0);
                _shard.Tick();
                return 1;
            case ShardWorkKind.Progress:
                _shard.OnStorageProgress();
                return 1;
            default:
                throw new InvariantException($"shard work of kind {work.Kind}");
        }
    }

    private int RunFrame(ReceivedFrame frame)
    {
        int messages = 0;
        var reader = new PeerMessageReader(frame.Messages);
        while (reader.TryRead(out PeerMessage message))
        {
            if (message.Partition == PeerFrame.ControlPartition || _parts.Node.ShardOf(message.Partition) != Index)
                continue;
            _shard.OnPeerMessage(frame.From, message);
            messages++;
        }
        frame.Release();
        return messages;
    }

    private void Perform(Outbox outbox)
    {
        if (outbox.Events.Count > 0)
            _parts.Events.Take(outbox.Events);
        _parts.Links.SendImmediate(outbox);
        for (int i = 0; i < outbox.ColdReads.Count; i++)
            _coldReaders.Add(this, outbox.ColdReads[i]);
        if (!outbox.HasGated)
            _parts.Outboxes.Return(outbox);
        else if (Committer.IsDurable(outbox.Barrier))
            PerformGated(outbox);
        else
            Committer.Hold(outbox);
    }

    /// <summary>What tells of durable records only may leave now; frames to peers still not before older ones that wait.</summary>
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
}
