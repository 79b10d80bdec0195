using System.Net.Sockets;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>Two clients a node, one that reads at ONE and one at QUORUM, over and over, all keys. Errors and broken connections are nothing; a wrong value or nil is a problem.</summary>
internal sealed class Readers : IDisposable
{
    private const int PauseMs = 20;
    private const int KeysPerBatch = 20;
    private readonly KnownKeys _keys;
    private readonly List<Thread> _threads = [];
    private volatile bool _stop;
    private long _read;
    private string? _problem;

    internal Readers(TorcCluster cluster, KnownKeys keys)
    {
        _keys = keys;
        foreach (TorcNode node in cluster.Nodes)
        {
            foreach (string level in new[] { "ONE", "QUORUM" })
            {
                var thread = new Thread(() => Run(node, level)) { IsBackground = true };
                _threads.Add(thread);
                thread.Start();
            }
        }
    }

    /// <summary>The first wrong answer.</summary>
    internal string? Problem => Volatile.Read(ref _problem);

    /// <summary>Right answers.</summary>
    internal long Read => Interlocked.Read(ref _read);

    internal void Stop()
    {
        _stop = true;
        _threads.ForEach(static thread => thread.Join());
    }

    public void Dispose() => Stop();

    private void Run(TorcNode node, string level)
    {
        var random = new Random(node.Id);
        while (!_stop && Problem is null)
        {
            try
            {
                using RespClient client = node.Connect();
                if (client.Text("TORC.CONSISTENCY", "READ", level) == "OK")
                    ReadBatches(client, node, level, random);
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                // The node is down or going down.
            }
            catch (Exception error)
            {
                Report($"{level} through node {node.Id}: {error}");
            }
            Thread.Sleep(PauseMs);
        }
    }

    private void ReadBatches(RespClient client, TorcNode node, string level, Random random)
    {
        while (!_stop)
        {
            int[] batch = [.. Enumerable.Range(0, KeysPerBatch).Select(_ => random.Next(_keys.Count))];
            foreach (int index in batch)
                client.Append("GET", _keys.Key(index));
            client.Flush();
            foreach (int index in batch)
            {
                RespValue reply = client.ReadReply();
                if (RespClient.IsError(reply))
                    continue;
                Interlocked.Increment(ref _read);
                if (RespClient.TextOf(reply) != _keys.Value(index))
                    Report($"{_keys.Key(index)} at {level} through node {node.Id}: {RespClient.TextOf(reply) ?? "nil"}");
            }
            Thread.Sleep(PauseMs);
        }
    }

    private void Report(string problem) => Interlocked.CompareExchange(ref _problem, problem, null);
}
