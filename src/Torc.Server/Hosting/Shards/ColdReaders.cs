using System.Collections.Concurrent;
using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// Threads that read records from disk for all shards, so that no thread that serves a shard waits for a disk. What may
/// wait is bounded by the operations that a shard may have under way.
/// </summary>
internal sealed class ColdReaders : IDisposable
{
    private const int Threads = 4;
    private readonly BlockingCollection<(ShardHost Host, ColdRead Read)> _reads = [];
    private readonly Thread[] _threads;
    private readonly INodeFate _fate;

    internal ColdReaders(INodeFate fate)
    {
        _fate = fate;
        _threads = new Thread[Threads];
        for (int i = 0; i < Threads; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = $"cold read {i}" };
            _threads[i].Start();
        }
    }

    internal int Waiting => _reads.Count;

    internal void Add(ShardHost host, ColdRead read)
    {
        if (!_reads.IsAddingCompleted)
            _reads.Add((host, read));
    }

    public void Dispose()
    {
        _reads.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        _reads.Dispose();
    }

    private void Run()
    {
        try
        {
            foreach ((ShardHost host, ColdRead read) in _reads.GetConsumingEnumerable())
            {
                read.Run(host.Disk);
                host.OnColdRead(read);
            }
        }
        catch (Exception error)
        {
            _fate.Fail(error);
        }
    }
}
