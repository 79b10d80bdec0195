using Torc.Base;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Simulator.Cluster;

/// <summary>
/// What surrounds one shard: its disk work, which takes virtual time, and the effects that wait until its log is durable. Flushes,
/// maintenance and cold reads each run at the end of the time they take; a power loss in between runs a part of them.
/// </summary>
internal sealed class ShardHost
{
    private readonly NodeHost _host;
    private readonly CrashableDisk _disk;
    private readonly bool _gates;
    private readonly Queue<Outbox> _gated = new();
    private FlushGroup? _flush;
    private MaintenanceTask? _maintenance;

    public ShardHost(NodeHost host, Shard shard, CrashableDisk disk, bool gates)
    {
        _host = host;
        _disk = disk;
        _gates = gates;
        Shard = shard;
    }

    public Shard Shard { get; }

    /// <summary>Turns whose replies wait for a flush.</summary>
    public int GatedTurns => _gated.Count;

    /// <summary>One turn: inputs in <paramref name="inputs"/>, then its effects.</summary>
    public void Turn(Action<Shard> inputs)
    {
        Outbox outbox = _host.RentOutbox();
        Shard.BeginTurn(_host.Now, outbox);
        inputs(Shard);
        Shard.EndTurn();
        _host.Report(outbox.Events);
        _host.SendImmediate(outbox);
        foreach (ColdRead read in outbox.ColdReads)
            Start(read);
        if (!outbox.HasGated)
            _host.Return(outbox);
        else if (_gated.Count == 0 && IsOpen(outbox))
            Release(outbox);
        else
            _gated.Enqueue(outbox);
        StartFlush();
    }

    /// <summary>Starts background work when there is some; called on ticks.</summary>
    public void StartMaintenance()
    {
        if (_maintenance is not null || Shard.Store.BeginMaintenance(_host.Now) is not { } task)
            return;
        _maintenance = task;
        _host.AfterDiskWork(DiskWork.Maintenance, () =>
        {
            if (!_host.RunOnDisk(() => task.Run(_disk)))
                return;
            _maintenance = null;
            Shard.Store.EndMaintenance(task, _host.Now);
            Turn(shard => shard.OnStorageProgress());
            StartMaintenance();
        });
    }

    public void StartFlush()
    {
        if (_flush is not null || Shard.Store.BeginFlush(_host.Now) is not { } group)
            return;
        _flush = group;
        _host.AfterDiskWork(DiskWork.Flush, () =>
        {
            if (!_host.RunOnDisk(() => group.Run(_disk)))
                return;
            _flush = null;
            Shard.Store.EndFlush(group);
            ReleaseDurable();
            Turn(shard => shard.OnStorageProgress());
        });
    }

    /// <summary>At start: makes durable what opening the shard appended, before it serves.</summary>
    public bool FlushAtStart()
    {
        if (Shard.Store.BeginFlush(_host.Now) is not { } group)
            return true;
        if (!_host.RunOnDisk(() => group.Run(_disk)))
            return false;
        Shard.Store.EndFlush(group);
        return true;
    }

    /// <summary>The machine or process stops: a random part of the disk calls under way still happens.</summary>
    public void RunPartOfDiskWork(SeededRandom random)
    {
        if (_flush is { } flush)
            RunPart(random, () => flush.Run(_disk));
        if (_maintenance is { } maintenance)
            RunPart(random, () => maintenance.Run(_disk));
    }

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
        catch (WorkCutShortException)
        {
        }
        finally
        {
            _disk.BeforeMutation = null;
        }
    }

    private const int DiskCallsUnderWayMax = 8;

    private void Start(ColdRead read) => _host.AfterDiskWork(DiskWork.Read, () =>
    {
        if (_host.RunOnDisk(() => read.Run(_disk)))
            Turn(shard => shard.OnColdRead(read));
    });

    private bool IsOpen(Outbox outbox) => !_gates || outbox.Barrier <= Shard.Store.DurableOffset;

    private void ReleaseDurable()
    {
        while (_gated.TryPeek(out Outbox? head) && IsOpen(head))
            Release(_gated.Dequeue());
    }

    private void Release(Outbox outbox)
    {
        _host.SendGated(outbox);
        _host.Return(outbox);
    }

    private sealed class WorkCutShortException : Exception;
}

/// <summary>What a disk is asked to do, for how long it takes.</summary>
internal enum DiskWork
{
    Read,
    Flush,
    Maintenance,
}
