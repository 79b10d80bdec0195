using System.Globalization;
using System.Net.Sockets;
using Torc.Protocols.Resp;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Kills;

/// <summary>
/// One client with one connection to one node, which it comes back to whenever it lost it. It sends batches of writes
/// of its own keys, new ones and ones that it wrote before, each batch with some reads of its own acknowledged keys,
/// and writes down how each ended. It runs until it is told to stop; its records are read afterwards.
/// </summary>
internal sealed class LoadWorker
{
    private const int NewKeysPerBatch = 20;
    private const int OldKeysPerBatch = 6;
    private const int ReadsPerBatch = 4;
    private const int PauseMs = 20;
    private const int KeysMax = 4_000_000;

    /// <summary>The errors that promise that nothing was written.</summary>
    private static readonly string[] Refusals = ["UNAVAILABLE", "LOADING", "BUSY", "STALEMAP"];

    private readonly string _name;
    private readonly TorcNode _node;
    private readonly LoadTotals _totals;
    private readonly Random _random;
    private readonly Thread _thread;
    private readonly List<int> _batch = [];
    private KeyRecord[] _records = new KeyRecord[1024];
    private volatile bool _stop;

    internal LoadWorker(int number, TorcNode node, LoadTotals totals, int seed)
    {
        _name = string.Create(CultureInfo.InvariantCulture, $"kill:{number}:");
        _node = node;
        _totals = totals;
        _random = new Random(seed + number);
        _thread = new Thread(Run) { IsBackground = true, Name = _name };
    }

    internal const int WritesPerBatch = NewKeysPerBatch + OldKeysPerBatch;

    /// <summary>Beyond it only keys that there are get written again.</summary>
    internal int NewKeysMax { get; init; } = KeysMax;

    /// <summary>Between two batches.</summary>
    internal int RestMs { get; init; }

    internal int Keys { get; private set; }

    internal void Start() => _thread.Start();

    internal void Stop()
    {
        _stop = true;
        _thread.Join();
    }

    internal string Key(int index) => string.Create(CultureInfo.InvariantCulture, $"{_name}{index}");

    /// <summary>Null when a read of the key may answer <paramref name="value"/>.</summary>
    internal string? Problem(int index, string? value) => _records[index].Problem(Key(index), value);

    private void Run()
    {
        RespClient? client = null;
        try
        {
            while (!_stop)
            {
                try
                {
                    client ??= Connect();
                    RunBatch(client);
                }
                catch (Exception error) when (error is SocketException or IOException)
                {
                    client?.Dispose();
                    client = null;
                    Thread.Sleep(PauseMs);
                }
            }
        }
        catch (Exception error)
        {
            _totals.Report($"worker {_name} failed: {error}");
        }
        finally
        {
            client?.Dispose();
        }
    }

    /// <summary>A connection that takes commands: a node that is reading its data accepts, says so, and closes.</summary>
    private RespClient Connect()
    {
        RespClient client = _node.Connect();
        if (!RespClient.IsError(client.Call("EXISTS", _name)))
            return client;
        client.Dispose();
        throw new IOException("not ready");
    }

    private void RunBatch(RespClient client)
    {
        int oldKeys = Keys;
        HashSet<int> reads = Pick(oldKeys, ReadsPerBatch, static record => record is { IsAcknowledged: true, IsOpen: false });
        foreach (int index in reads)
            client.Append("GET", Key(index));
        _batch.Clear();
        foreach (int index in Pick(oldKeys, OldKeysPerBatch, static record => record is { IsAcknowledged: true, MayBeWritten: true }))
            AppendWrite(client, index);
        for (int count = 0; count < NewKeysPerBatch && Keys < NewKeysMax; count++)
            AppendWrite(client, NewKey());
        int acknowledged = 0, refused = 0, readsDone = 0;
        try
        {
            client.Flush();
            foreach (int index in reads)
                readsDone += CheckRead(index, client.ReadReply()) ? 1 : 0;
            foreach (int index in _batch)
            {
                WriteEnd end = EndOf(client.ReadReply());
                _records[index].Finish(end);
                acknowledged += end == WriteEnd.Acknowledged ? 1 : 0;
                refused += end == WriteEnd.Refused ? 1 : 0;
            }
        }
        finally
        {
            // A write whose reply never came stays open in its record.
            _totals.AddBatch(acknowledged, refused, _batch.Count - acknowledged - refused, readsDone);
        }
        if (acknowledged == 0 || RestMs > 0)
            Thread.Sleep(Math.Max(RestMs, acknowledged == 0 ? PauseMs : 0));
    }

    private void AppendWrite(RespClient client, int index)
    {
        int write = _records[index].Begin();
        string key = Key(index);
        client.Append("SET", key, KeyRecord.Value(key, write));
        _batch.Add(index);
    }

    private int NewKey()
    {
        if (Keys == _records.Length)
            Array.Resize(ref _records, Keys * 2);
        return Keys++;
    }

    /// <summary>Up to <paramref name="count"/> different keys that suit.</summary>
    private HashSet<int> Pick(int keys, int count, Func<KeyRecord, bool> suits)
    {
        var picked = new HashSet<int>();
        for (int tries = 0; keys > 0 && tries < count; tries++)
        {
            int index = _random.Next(keys);
            if (suits(_records[index]))
                picked.Add(index);
        }
        return picked;
    }

    /// <summary>An error is no answer; any other reply must be right.</summary>
    private bool CheckRead(int index, RespValue reply)
    {
        if (RespClient.IsError(reply))
            return false;
        if (Problem(index, RespClient.TextOf(reply)) is { } problem && !_totals.MayReadOldValues)
            _totals.Report($"read under load through node {_node.Id}: {problem}");
        return true;
    }

    private WriteEnd EndOf(RespValue reply)
    {
        string text = RespClient.TextOf(reply) ?? "";
        if (!RespClient.IsError(reply) && text == "OK")
            return WriteEnd.Acknowledged;
        if (Array.Exists(Refusals, word => text.StartsWith(word, StringComparison.Ordinal)))
            return WriteEnd.Refused;
        if (!text.StartsWith("TIMEOUT", StringComparison.Ordinal))
            _totals.Report($"node {_node.Id} answered a SET with: {text}");
        return WriteEnd.Unknown;
    }
}
