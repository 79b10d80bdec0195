using System.Globalization;
using Torc.Base;
using Torc.Core.Replication;
using Torc.Protocols.Resp;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;

namespace Torc.Simulator.Clients;

/// <summary>What clients of a run share.</summary>
internal sealed record ClientContext(
    WorkloadOptions Options, EventQueue Queue, Network.SimulatedNetwork Network, History History, Func<IReadOnlyList<SimulatedMachine>> Machines, Action<string> ReportNonsense,
    Defect Defect)
{
    private const int AddressOffset = 1000;
    private const ulong ClientLabel = 2UL << 60;

    public static int AddressOf(int client) => AddressOffset + client;

    public static ulong Label(int client) => ClientLabel | (uint)client;
}

/// <summary>
/// A client: connects to some node, sends batches of commands, waits for all replies, pauses. When the connection is lost or its
/// patience ends, what is unanswered is unknown for ever, and it connects to another node.
/// </summary>
internal sealed class SimulatedClient
{
    private const long ReconnectMsMin = 10;
    private const long ReconnectMsMax = 400;
    private readonly ClientContext _context;
    private readonly int _index;
    private readonly SeededRandom _random;
    private readonly Func<int, bool> _isDropped;
    private readonly ClientConnector _connector;
    private readonly Queue<Operation> _unanswered = new();
    private readonly ConsistencyLevel _readLevel;
    private readonly ConsistencyLevel _writeLevel;
    private readonly bool _flushes;
    private ScheduledEvent? _patience;
    private ScheduledEvent? _next;
    private int _planned;
    private int _greetingsAwaited;
    private bool _stopped;

    /// <param name="context">Shared by the run's clients.</param>
    /// <param name="index">Which client this is.</param>
    /// <param name="random">Its own generator.</param>
    /// <param name="levels">The run's levels; some clients take others.</param>
    /// <param name="isDropped">Operations, by number, that a shrunk run leaves out.</param>
    public SimulatedClient(
        ClientContext context, int index, SeededRandom random, (ConsistencyLevel Read, ConsistencyLevel Write) levels, Func<int, bool> isDropped)
    {
        _context = context;
        _index = index;
        _random = random;
        _isDropped = isDropped;
        (_readLevel, _writeLevel) = levels;
        if (random.Chance(context.Options.OtherLevelShare))
        {
            _readLevel = (ConsistencyLevel)random.Below(Levels.Count);
            _writeLevel = (ConsistencyLevel)random.Below(Levels.Count);
        }
        _flushes = random.Fork("flushes").Chance(context.Options.FlushingShare);
        _connector = new ClientConnector(context.Network, ClientContext.AddressOf(index)) { OnReply = OnReply, OnLost = OnLost };
    }

    public void Start() => Next(_random.Between(0, ReconnectMsMax * Instant.MicrosPerMs), Connect);

    /// <summary>Sends nothing new; what is unanswered may still be answered.</summary>
    public void Stop() => _stopped = true;

    private void Connect()
    {
        if (_stopped)
            return;
        IReadOnlyList<SimulatedMachine> machines = _context.Machines();
        _connector.Connect(ClusterContext.ClientAddress(machines[_random.Below(machines.Count)].Id), connected =>
        {
            if (!connected)
            {
                ConnectLater();
                return;
            }
            using var bytes = new ByteWriter();
            _greetingsAwaited = RespRequests.WriteGreeting(bytes, _flushes ? Operation.FlushedKeyspace : 0, ReadLevelSent, _writeLevel);
            _connector.Send(bytes.Written);
            StartPatience();
        });
    }

    private ConsistencyLevel ReadLevelSent => _context.Defect == Defect.WeakReads ? ConsistencyLevel.One : _readLevel;

    private void SendBatch()
    {
        if (_stopped || !_connector.IsConnected)
            return;
        using var bytes = new ByteWriter();
        int count = 1 + _random.Below(_context.Options.PipelineMax);
        for (int sent = 0; sent < count; sent++)
        {
            int number = _planned++;
            if (_isDropped(number))
                continue;
            Operation operation = Invoke(number);
            _unanswered.Enqueue(operation);
            RespRequests.Write(bytes, operation);
        }
        if (_unanswered.Count == 0)
        {
            Pause();
            return;
        }
        _connector.Send(bytes.Written);
        StartPatience();
    }

    private Operation Invoke(int number)
    {
        SeededRandom random = _random.Fork(number.ToString(CultureInfo.InvariantCulture));
        long now = _context.Queue.NowMicros;
        if ((_flushes ? OperationPlan.DrawInFlushed(random, _context.Options) : OperationPlan.Draw(random, _context.Options)) is not { } plan)
            return _context.History.Invoke(Flush(now));
        bool mayExpire = plan.Kind is OperationKind.Write or OperationKind.WriteIfAbsent or OperationKind.Expire;
        var operation = new Operation
        {
            Id = _context.History.NextId,
            Observer = _index,
            Key = plan.Key(now / _context.Options.KeyLifeMicros),
            Kind = plan.Kind,
            Level = plan.Kind == OperationKind.Read ? _readLevel : _writeLevel,
            InvokedMicros = now,
            DeadlineMs = mayExpire && plan.LifetimeMs != 0 ? _context.History.WallMsAt(now) + plan.LifetimeMs : 0,
        };
        if (operation.WritesValue)
            operation.Value = Tokens.Make(operation.Id, plan.PaddingLength);
        return _context.History.Invoke(operation);
    }

    private Operation Flush(long now) => new()
    {
        Id = _context.History.NextId,
        Observer = _index,
        Key = Operation.EveryKey,
        IsFlush = true,
        Kind = OperationKind.Delete,
        Level = _writeLevel,
        InvokedMicros = now,
    };

    private void OnReply(RespValue reply)
    {
        if (_greetingsAwaited > 0)
        {
            _greetingsAwaited--;
            if (reply.Text != "OK")
                _context.ReportNonsense($"a greeting was answered {reply}");
            if (_greetingsAwaited > 0)
                return;
        }
        else if (!_unanswered.TryDequeue(out Operation? operation))
        {
            _context.ReportNonsense($"client {_index} got a reply to nothing: {reply}");
        }
        else if (!ReplyReading.TryComplete(operation, reply, _context.Queue.NowMicros))
        {
            _context.ReportNonsense($"{operation} was answered {reply}");
            History.Complete(operation, OperationOutcome.Unknown, _context.Queue.NowMicros);
        }
        if (_unanswered.Count > 0)
            return;
        _patience?.Cancel();
        Pause();
    }

    private void OnLost()
    {
        _patience?.Cancel();
        _greetingsAwaited = 0;
        foreach (Operation operation in _unanswered)
            History.Complete(operation, OperationOutcome.Unknown, _context.Queue.NowMicros);
        _unanswered.Clear();
        ConnectLater();
    }

    private void StartPatience()
    {
        _patience?.Cancel();
        _patience = Later(_context.Options.PatienceMs * Instant.MicrosPerMs, () =>
        {
            _connector.Drop();
            OnLost();
        });
    }

    private void Pause()
    {
        long micros = (long)(-Math.Log(1 - _random.Unit()) * _context.Options.PauseMeanMicros);
        if (_random.Chance(SwitchNodeChance))
        {
            _connector.Drop();
            Next(micros, Connect);
        }
        else
        {
            Next(micros, SendBatch);
        }
    }

    private const double SwitchNodeChance = 0.01;

    private void ConnectLater() => Next(_random.Between(ReconnectMsMin, ReconnectMsMax) * Instant.MicrosPerMs, Connect);

    /// <summary>A client does one thing next: a lost connection takes the place of the batch that was to be sent on it.</summary>
    private void Next(long micros, Action action)
    {
        _next?.Cancel();
        _next = Later(micros, action);
    }

    private ScheduledEvent Later(long micros, Action action) => _context.Queue.After(micros, ClientContext.Label(_index), action);
}
