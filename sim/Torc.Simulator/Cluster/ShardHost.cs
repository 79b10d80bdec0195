using Torc.Base;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Shards;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Simulator.Cluster;

/// <summary>
/// What surrounds one shard: its disk work, which takes virtual time, and the effects that wait until its log is durable under <c>always</c>,
/// written otherwise. Writes, syncs, maintenance and cold reads each run at the end of the time they take; a power loss or kill in between
/// runs a part of them.
/// </summary>
internal sealed class ShardHost
{
    private readonly NodeHost _host;
    private readonly CrashableDisk _disk;
    private readonly Gating _gating;
    private readonly Queue<Outbox> _gated = new();
    private FlushGroup? _write;
    private FlushGroup? _sync;
    private MaintenanceTask? _maintenance;
    private bool _maintenanceRan; // its disk work; turns go on before it is ended

    public ShardHost(NodeHost host, Shard shard, CrashableDisk disk, Gating gating)
    {
        _host = host;
        _disk = disk;
        _gating = gating;
        Shard = shard;
    }

    public Shard Shard { get; }

    /// <summary>One turn: inputs in <paramref name="inputs"/>, then its effects.</summary>
    public void Turn(Action<Shard> inputs)
    {
        Outbox outbox = _host.RentOutbox();
        Shard.BeginTurn(_host.Now, outbox);
        inputs(Shard);
        Shard.EndTurn();
        _host.Report(outbox.Events);
        _host.SendImmediate(outbox);
        SessionReply[] ready = [.. outbox.ReadyReplies, .. TakeEarly(outbox)];
        byte[] bytesOfReady = ready.Length > 0 ? outbox.ReplyBytes.Written.ToArray() : []; // the outbox is used again before they are delivered
        foreach (ColdRead read in outbox.ColdReads)
            Start(read);
        if (!outbox.HasGated)
            _host.Return(outbox);
        else if (_gated.Count == 0 && IsOpen(outbox))
            Release(outbox);
        else
            _gated.Enqueue(outbox);
        StartFlush();
        _host.Deliver(bytesOfReady, ready);
    }

    /// <summary>Starts background work when there is some; called on ticks.</summary>
    public void StartMaintenance()
    {
        if (_maintenance is not null || Shard.Store.BeginMaintenance(_host.Now) is not { } task)
            return;
        _maintenance = task;
        _maintenanceRan = false;
        _host.AfterDiskWork(DiskWork.Maintenance, () =>
        {
            if (_host.RunOnDisk(() => task.Run(_disk)))
                _maintenanceRan = true;
            else
                return;
            _host.AfterDiskWork(DiskWork.Read, () =>
            {
                _maintenance = null;
                Shard.Store.EndMaintenance(task, _host.Now);
                Turn(shard => shard.OnStorageProgress());
                StartMaintenance();
            });
        });
    }

    public void StartFlush()
    {
        ShardStore store = Shard.Store;
        if (_write is null && (store.WritesAlone ? store.BeginWrite() : store.BeginFlush(_host.Now)) is { } write)
        {
            _write = write;
            Flush(write, () => _write = null);
        }
        if (_sync is null && store.BeginSync(_host.Now) is { } sync)
        {
            _sync = sync;
            Flush(sync, () => _sync = null);
        }
    }

    /// <summary>At start: makes durable what opening the shard appended, before it serves.</summary>
    public bool FlushAtStart() => TryRun(Shard.Store.BeginFlush(_host.Now));

    /// <summary>
    /// Ends the disk work under way and marks the log as cleanly stopped; what waits for the log is dropped, as links and connections are. False when a disk failed.
    /// </summary>
    public bool TryCloseClean()
    {
        if (_maintenance is { } maintenance)
        {
            if (!_maintenanceRan && !_host.RunOnDisk(() => maintenance.Run(_disk)))
                return false;
            Shard.Store.EndMaintenance(maintenance, _host.Now);
        }
        PutOutcome closed;
        int rounds = 0;
        do
        {
            Check.That(++rounds < CloseRoundsMax);
            if (!TryRun(_write) || !TryRun(_sync))
                return false;
            _write = null;
            _sync = null;
            closed = Shard.Store.CloseClean();
            // The log has no room for the mark before another segment is prepared.
            if (closed == PutOutcome.Stalled && Shard.Store.BeginMaintenance(_host.Now) is { } task)
            {
                if (!_host.RunOnDisk(() => task.Run(_disk)))
                    return false;
                Shard.Store.EndMaintenance(task, _host.Now);
            }
            _write = Shard.Store.BeginFlush(_host.Now);
        }
        while (closed == PutOutcome.Stalled || _write is not null);
        return true;
    }

    /// <summary>The machine or process stops: a random part of the disk calls under way still happens.</summary>
    public void RunPartOfDiskWork(SeededRandom random)
    {
        if (_write is { } write)
            RunPart(random, () => write.Run(_disk));
        if (_sync is { } sync)
            RunPart(random, () => sync.Run(_disk));
        if (_maintenance is { } maintenance && !_maintenanceRan)
            RunPart(random, () => maintenance.Run(_disk));
    }

    private bool TryRun(FlushGroup? group)
    {
        if (group is null)
            return true;
        if (!_host.RunOnDisk(() => group.Run(_disk)))
            return false;
        Shard.Store.EndFlush(group);
        return true;
    }

    private void Flush(FlushGroup group, Action forget) => Flush(group, forget, _host.Now.MonotonicMicros);

    private void Flush(FlushGroup group, Action forget, long begunMicros) => _host.AfterDiskWork(DiskWork.Flush, () =>
    {
        if (!_host.RunOnDisk(() => group.Run(_disk)))
            return;
        forget();
        if (!Shard.Store.WritesAlone)
            Shard.Syncs.Add(_host.Now.MonotonicMicros - begunMicros);
        Shard.Store.EndFlush(group);
        ReleaseOpen();
        Turn(shard => shard.OnStorageProgress());
    });

    private void RunPart(SeededRandom random, Action work)
    {
        int calls = random.Below(DiskCallsUnderWayMax);
        _disk.BeforeMutation = _ =>
        {
            if (calls-- == 0)
                throw new WorkCutShortException();
        };
        try
        {
            work();
        }
        catch (Exception end) when (end is WorkCutShortException or DiskFailedException)
        {
            // The machine stops with its work half done, or with a disk that failed first: the same to whoever comes after.
        }
        finally
        {
            _disk.BeforeMutation = null;
        }
    }

    private const int DiskCallsUnderWayMax = 8;
    private const int CloseRoundsMax = 1_000;

    private void Start(ColdRead read) => _host.AfterDiskWork(DiskWork.Read, () =>
    {
        if (_host.RunOnDisk(() => read.Run(_disk)))
            Turn(shard => shard.OnColdRead(read));
    });

    /// <summary>What a defect does not hold back: frames leave here, replies are the caller's to deliver.</summary>
    private SessionReply[] TakeEarly(Outbox outbox)
    {
        if (_gating == Gating.RepliesOnly)
            _host.SendGatedFrames(outbox);
        if (_gating != Gating.AllButReads)
            return [];
        SessionReply[] reads = [.. outbox.Replies.Where(reply => reply.Request.Kind == CommandKind.Read)];
        outbox.Replies.RemoveAll(reply => reply.Request.Kind == CommandKind.Read);
        return reads;
    }

    private bool IsOpen(Outbox outbox) => _gating switch
    {
        Gating.UntilDurable or Gating.RepliesOnly or Gating.AllButReads => outbox.Barrier <= Shard.Store.DurableOffset,
        Gating.UntilWritten => outbox.Barrier <= Shard.Store.WrittenOffset,
        _ => true,
    };

    private void ReleaseOpen()
    {
        while (_gated.TryPeek(out Outbox? head) && IsOpen(head))
            Release(_gated.Dequeue());
    }

    private void Release(Outbox outbox)
    {
        if (_gating != Gating.RepliesOnly)
            _host.SendGatedFrames(outbox);
        _host.SendGatedReplies(outbox);
        _host.Return(outbox);
    }

    private sealed class WorkCutShortException : Exception;
}

/// <summary>What replies and acknowledgements wait for.</summary>
internal enum Gating
{
    UntilDurable,

    /// <summary>For the operating system to have the log: what a killed process does not take along.</summary>
    UntilWritten,

    /// <summary>For nothing, which is a defect.</summary>
    None,

    /// <summary>Replies to clients until the log is durable, frames to peers for nothing: a defect.</summary>
    RepliesOnly,

    /// <summary>All but replies to reads until the log is durable, those for nothing: a defect.</summary>
    AllButReads,
}

/// <summary>What a disk is asked to do, for how long it takes.</summary>
internal enum DiskWork
{
    Read,
    Flush,
    Maintenance,
}
