using Torc.Base;
using Torc.Core.Replication;
using Torc.Protocols.Resp;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Network;
using Torc.Simulator.Time;

namespace Torc.Simulator.Clients;

/// <summary>After healing: reads every key of one keyspace at level ALL, some at a time, each until it is answered. Its reads are part of the history.</summary>
internal sealed class VerifyingReader
{
    private const int Index = 999;
    private const int ReadsAtOnceMax = 32;
    private const long RetryMicros = 50_000;
    private const long PatienceMicros = 5_000_000;
    private readonly EventQueue _queue;
    private readonly History _history;
    private readonly IReadOnlyList<int> _machines;
    private readonly Action<string> _reportNonsense;
    private readonly ClientConnector _connector;
    private readonly Queue<string> _keys = new();
    private readonly Queue<Operation> _unanswered = new();
    private ScheduledEvent? _patience;
    private int _next;
    private readonly int _keyspace;
    private int _greetingsAwaited;
    private bool _refused;

    public VerifyingReader(EventQueue queue, SimulatedNetwork network, History history, IReadOnlyList<int> machines, int keyspace, Action<string> reportNonsense)
    {
        _keyspace = keyspace;
        _queue = queue;
        _history = history;
        _machines = machines;
        _reportNonsense = reportNonsense;
        _connector = new ClientConnector(network, ClientContext.AddressOf(Index)) { OnReply = OnReply, OnLost = Reconnect };
    }

    public bool IsDone { get; private set; }

    /// <param name="keys">Of that keyspace.</param>
    public void Start(IEnumerable<string> keys)
    {
        foreach (string key in keys)
            _keys.Enqueue(key);
        Reconnect();
    }

    private void Reconnect()
    {
        _patience?.Cancel();
        _connector.Drop();
        foreach (Operation read in _unanswered)
            GiveUp(read);
        _unanswered.Clear();
        _next = (_next + 1) % _machines.Count;
        _connector.Connect(ClusterContext.ClientAddress(_machines[_next]), connected =>
        {
            if (!connected)
            {
                _queue.After(RetryMicros, ClientContext.Label(Index), Reconnect);
                return;
            }
            using var bytes = new ByteWriter();
            _greetingsAwaited = RespRequests.WriteGreeting(bytes, _keyspace, ConsistencyLevel.All, ConsistencyLevel.Quorum);
            Send(bytes);
        });
    }

    private void ReadNext()
    {
        IsDone = _keys.Count == 0;
        if (IsDone)
            return;
        using var bytes = new ByteWriter();
        while (_unanswered.Count < ReadsAtOnceMax && _keys.TryDequeue(out string? key))
        {
            Operation read = _history.Invoke(new Operation
            {
                Id = _history.NextId,
                Observer = Index,
                Key = key,
                Kind = OperationKind.Read,
                Level = ConsistencyLevel.All,
                InvokedMicros = _queue.NowMicros,
            });
            _unanswered.Enqueue(read);
            RespRequests.Write(bytes, read);
        }
        Send(bytes);
    }

    private void OnReply(RespValue reply)
    {
        if (_greetingsAwaited > 0)
        {
            if (--_greetingsAwaited > 0)
                return;
            _patience?.Cancel();
            ReadNext();
            return;
        }
        Operation read = _unanswered.Dequeue();
        if (!ReplyReading.TryComplete(read, reply, _queue.NowMicros))
            _reportNonsense($"{read} was answered {reply}");
        _refused |= read.Outcome != OperationOutcome.Done;
        if (read.Outcome != OperationOutcome.Done)
            _keys.Enqueue(read.Key);
        if (_unanswered.Count > 0)
            return;
        _patience?.Cancel();
        if (!_refused)
        {
            ReadNext();
            return;
        }
        _refused = false;
        _queue.After(RetryMicros, ClientContext.Label(Index), Reconnect);
    }

    private void GiveUp(Operation read)
    {
        History.Complete(read, OperationOutcome.Unknown, _queue.NowMicros);
        _keys.Enqueue(read.Key);
    }

    private void Send(ByteWriter bytes)
    {
        _connector.Send(bytes.Written);
        _patience?.Cancel();
        _patience = _queue.After(PatienceMicros, ClientContext.Label(Index), Reconnect);
    }
}
