using System.Diagnostics;

namespace Torc.Server.Hosting;

/// <summary>The thread that gives a node its ticks: a fast one for shards and control plane, a slow one for housekeeping.</summary>
internal sealed class HostTimer : IDisposable
{
    private const long SlowIntervalMs = 1_000;
    private readonly ManualResetEventSlim _stop = new(false, spinCount: 0); // it is waited for with nothing to come soon
    private readonly Thread _thread;

    internal HostTimer(int intervalMs, Action fast, Action slow, INodeFate fate)
    {
        _thread = new Thread(() => Run(intervalMs, fast, slow, fate)) { IsBackground = true, Name = "ticks" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run(int intervalMs, Action fast, Action slow, INodeFate fate)
    {
        try
        {
            var sinceSlow = Stopwatch.StartNew();
            while (!_stop.Wait(intervalMs))
            {
                fast();
                if (sinceSlow.ElapsedMilliseconds < SlowIntervalMs)
                    continue;
                sinceSlow.Restart();
                slow();
            }
        }
        catch (Exception error)
        {
            fate.Fail(error);
        }
    }
}
