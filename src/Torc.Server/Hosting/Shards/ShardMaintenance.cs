using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

/// <summary>Runs one shard's background work on storage, one bounded step after the other, on a thread of its own.</summary>
internal sealed class ShardMaintenance
{
    private const int IdleWaitMs = 10;
    private readonly ShardHost _host;
    private readonly INodeFate _fate;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new(false, spinCount: 0); // it is waited for with nothing to come soon

    internal ShardMaintenance(ShardHost host, INodeFate fate)
    {
        _host = host;
        _fate = fate;
        _thread = new Thread(Run) { IsBackground = true, Name = $"maintain {host.Index}" };
    }

    internal void Start() => _thread.Start();

    /// <summary>Ends the thread after the step under way. Safe to call twice, and before <see cref="Start"/>.</summary>
    internal void Stop()
    {
        _stop.Set();
        if (_thread.IsAlive)
            _thread.Join();
    }

    /// <summary>One step on this thread, when the other has ended or never began; false when there is nothing to do.</summary>
    internal bool Step()
    {
        MaintenanceTask? task;
        lock (_host.Gate)
            task = _host.Store.BeginMaintenance(HostClock.Now);
        if (task is null)
            return false;
        task.Run(_host.Disk);
        bool stalled;
        long appended;
        lock (_host.Gate)
        {
            _host.Store.EndMaintenance(task, HostClock.Now);
            stalled = _host.HasStalled;
            appended = _host.Store.AppendedOffset;
        }
        _host.Committer.OnMaintained(appended);
        if (stalled)
            _host.OnStorageProgress();
        return true;
    }

    private void Run()
    {
        try
        {
            while (!_stop.IsSet)
            {
                if (!Step())
                    _stop.Wait(IdleWaitMs);
            }
        }
        catch (Exception error)
        {
            _fate.Fail(error);
        }
    }
}
