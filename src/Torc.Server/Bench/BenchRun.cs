using System.Diagnostics;
using Torc.Base;
using Torc.Server.Bench.Driving;
using Torc.Server.Bench.Keys;

namespace Torc.Server.Bench;

/// <summary>One run of a workload: opens the connections, starts the threads, waits for them, adds up what they counted.</summary>
internal sealed class BenchRun : IDisposable
{
    private readonly BenchOptions _options;
    private readonly List<Connection> _connections = [];
    private readonly Worker[] _workers;
    private readonly Phase _phase;

    internal BenchRun(BenchOptions options)
    {
        _options = options;
        var keys = new KeySpace(options.Workload.IsLoad ? 0 : options.Keys, options.Connections * options.Pipeline);
        var random = new SeededRandom(options.Seed);
        // Choosing and values are made before the clock starts: the first sum over a Zipfian's ranks takes a while.
        Connection[][] connections = [.. Enumerable.Range(0, options.Threads).Select(OpenForThread)];
        WorkloadSource[] sources = [.. Enumerable.Range(0, options.Threads).Select(thread =>
            new WorkloadSource(options.Workload, options.Distribution, keys, random.Fork($"operations {thread}")))];
        ValueSource[] values = [.. Enumerable.Range(0, options.Threads).Select(thread =>
            new ValueSource(options.ValueBytes, random.Fork($"values {thread}")))];
        long now = Stopwatch.GetTimestamp();
        long from = now + Ticks(options.WarmUpSeconds);
        long requests = options.Workload.IsLoad ? options.Keys : options.Requests;
        _phase = new Phase(from, from + Ticks(options.Seconds), requests);
        _workers = [.. Enumerable.Range(0, options.Threads).Select(thread => new Worker(
            options, _phase, new Schedule(options.Rate / options.Threads, now), sources[thread], values[thread], connections[thread]))];
    }

    /// <summary>Runs to the end, or until cancelled, and gives what was counted; <paramref name="progress"/> is called a few times a second.</summary>
    internal Tally Run(Action<BenchProgress> progress, CancellationToken cancelled)
    {
        using CancellationTokenRegistration registration = cancelled.Register(_phase.Cancel);
        Thread[] threads = [.. _workers.Select((worker, index) => new Thread(worker.Run) { IsBackground = true, Name = $"bench {index}" })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
        {
            while (!thread.Join(BenchProgress.IntervalMs))
                progress(Progress());
        }
        progress(Progress());
        var total = new Tally();
        foreach (Worker worker in _workers)
            total.Add(worker.Tally);
        return total;
    }

    public void Dispose()
    {
        foreach (Connection connection in _connections)
            connection.Dispose();
    }

    /// <summary>Thread t has the connections t, t + threads and so on; connection i goes to target i modulo their number.</summary>
    private Connection[] OpenForThread(int thread)
    {
        var own = new List<Connection>();
        try
        {
            for (int number = thread; number < _options.Connections; number += _options.Threads)
            {
                own.Add(Dialer.Open(_options, _options.Targets[number % _options.Targets.Count], own.Count));
                _connections.Add(own[^1]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        return [.. own];
    }

    private BenchProgress Progress()
    {
        long now = Stopwatch.GetTimestamp(), done = 0, failed = 0, warmUp = 0;
        var latencies = new LogLinearHistogram();
        foreach (Worker worker in _workers)
        {
            done += worker.Tally.Done;
            failed += worker.Tally.Failed;
            warmUp += worker.Tally.WarmUp;
            foreach (LogLinearHistogram histogram in worker.Tally.Latencies)
                latencies.Add(histogram);
        }
        double measured = Math.Max(0, (now - _phase.MeasureFrom) / (double)Stopwatch.Frequency);
        double share = _phase.HasRequests
            ? (done + failed) / (double)(_options.Workload.IsLoad ? _options.Keys : _options.Requests)
            : measured / _options.Seconds;
        return new BenchProgress(_phase.IsMeasured(now), Math.Min(1, share), measured, done, warmUp, failed, latencies.Percentile(0.99));
    }

    private static long Ticks(double seconds) => (long)(seconds * Stopwatch.Frequency);
}
