// A client connection without its socket: bytes in, requests to shards, replies back in order.
//
// Replies leave in the order of their commands whatever order the shards answer in: every command takes a place in a
// queue, and the head leaves when it is done. A reply for a command that is the only one under way is written to the output
// directly. The host gives each session one owner at a time (its lock) and moves Output to the socket.
//
// Commands take effect in the order in which they came, as far as the client can tell: KeyOrder sees to it key by key. A plan that
// looks at more than that (RENAME, MSETNX, DBSIZE, FLUSHALL, SCAN...) stands alone: it starts when all before it is answered, and
// while it waits and runs, input stays where it is. The alternative, to let later commands be parsed and hold those that could
// overtake, needs to know which keys a plan may touch, and for most of these that is all.

using System.Buffers;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Protocols.Resp;

namespace Torc.Node.Sessions;

/// <summary>What CLIENT REPLY asks for.</summary>
public enum ReplyMode
{
    On,
    Off,

    /// <summary>The next command's reply is dropped.</summary>
    SkipNext,
}

public sealed class Session
{
    /// <summary>Commands under way at once on a connection; beyond it, input waits in the socket.</summary>
    public const int CommandsOutstandingMax = 1024;

    /// <summary>Replies that gathered to this are to be sent before more are added, so that a limit on what waits for the client sees them in time.</summary>
    private const int OutputBytesTogether = 1 << 20;

    private const int FoundNameBytesMax = 16;

    private readonly TorcNode _node;
    private readonly RespCommandReader _reader = new();
    private readonly Queue<Request> _queue = new(); // commands whose replies have not left, in the order of their replies
    private readonly List<Request>[] _dispatched;
    private readonly KeyOrder _order;
    private readonly List<Request> _ready = [];
    private readonly ByteWriter _scratch = new();
    private Request? _next;
    private int _outstandingMax = CommandsOutstandingMax; // 0 from when a plan comes that stands alone until it has finished
    private Request? _held; // the command whose plan stands alone, until it is the oldest
    private long _tickets;
    private readonly byte[] _foundName = new byte[FoundNameBytesMax];
    private CommandSpec? _foundSpec;
    private int _foundLength;
    private CommandSpec? _completedSpec;
    private long _completedMicros;
    private int _completedCalls;
    private Instant _now;

    internal Session(TorcNode node, long id, string address, string localAddress)
    {
        _node = node;
        Id = id;
        Address = address;
        LocalAddress = localAddress;
        _dispatched = new List<Request>[node.Shards.Count];
        for (int i = 0; i < _dispatched.Length; i++)
            _dispatched[i] = [];
        Authenticated = node.Surroundings.Password is null;
        _order = new KeyOrder(_queue, CoordinatorOf);
    }

    public long Id { get; }

    public string Address { get; }

    public string LocalAddress { get; }

    public CommandTable Table => _node.Commands;

    public ClusterView View => _node.View;

    public IReadOnlyList<ClusterRequestReport> ChangeRequests => _node.Control.Requests;

    public INodeSurroundings Surroundings => _node.Surroundings;

    public TorcNode Node => _node;

    public RespProtocol Protocol { get; set; } = RespProtocol.Resp2;

    public byte Keyspace { get; set; }

    public bool Authenticated { get; set; }

    /// <summary>What CLIENT NO-EVICT and CLIENT NO-TOUCH set: told by CLIENT INFO; nothing hangs on them, since nothing is evicted.</summary>
    public bool NoEvict { get; set; }

    public bool NoTouch { get; set; }

    /// <summary>Draws for commands that choose at random.</summary>
    public SeededRandom Random => field ??= new SeededRandom(StableHash.Combine(_node.Actor.Value, (ulong)Id));

    /// <summary>What TORC.CONSISTENCY set; null: the keyspace's level.</summary>
    public ConsistencyLevel? ReadLevel { get; set; }

    public ConsistencyLevel? WriteLevel { get; set; }

    public string Name { get; set; } = "";

    public string LibraryName { get; set; } = "";

    public string LibraryVersion { get; set; } = "";

    public ReplyMode ReplyMode { get; set; }

    public string LastCommand { get; private set; } = "";

    public long CommandsReceived { get; private set; }

    /// <summary>Set by QUIT, CLIENT KILL of oneself and protocol errors: send <see cref="Output"/>, then close.</summary>
    public bool CloseAfterOutput { get; set; }

    /// <summary>Bytes for the client, in order. The host sends and clears them.</summary>
    public ByteWriter Output { get; } = new(4096);

    /// <summary>Commands under way. While it is at the limit, <see cref="Receive"/> takes nothing.</summary>
    public int Outstanding => _queue.Count;

    /// <summary>A command is under way beside which no other may be: <see cref="Receive"/> takes nothing until it is answered.</summary>
    public bool IsHeldUp => _outstandingMax == 0;

    /// <summary>Whether <see cref="Receive"/> would take a command. When it does again, the host gives it the input that it left.</summary>
    public bool TakesCommands => !CloseAfterOutput && _queue.Count < _outstandingMax;

    public bool HasDispatched { get; private set; }

    /// <summary>
    /// Takes whole commands from the front of <paramref name="input"/> until it is used up or <see cref="TakesCommands"/> ends.
    /// Requests for shards are then in <see cref="TakeDispatched"/>.
    /// </summary>
    public void Receive(ref ReadOnlySequence<byte> input, Instant now)
    {
        _now = now;
        long taken = 0;
        SequencePosition next = input.Start;
        while (input.TryGet(ref next, out ReadOnlyMemory<byte> piece))
        {
            ReadOnlySpan<byte> rest = piece.Span;
            bool goesOn = TakeCommands(ref rest);
            taken += piece.Length - rest.Length;
            if (!goesOn)
                break;
        }
        input = input.Slice(taken);
        FlushReady();
    }

    /// <summary>Takes commands from one piece of input; true when that is used up and there may be more in the next.</summary>
    private bool TakeCommands(ref ReadOnlySpan<byte> input)
    {
        while (TakesCommands)
        {
            _next ??= RentRequest();
            RespLimits limits = Authenticated ? _node.Limits : _node.LimitsBeforeAuthentication;
            ParseOutcome outcome = _reader.Read(ref input, _next.Arguments, limits, out RespError? error);
            if (outcome == ParseOutcome.NeedMore)
                return true;
            if (outcome == ParseOutcome.Error)
            {
                FailProtocol(error!);
                return false;
            }
            Request request = _next;
            _next = null;
            Run(request);
        }
        return false;
    }

    /// <summary>Moves the requests for a shard into <paramref name="into"/>, in order.</summary>
    public void TakeDispatched(int shard, List<Request> into)
    {
        into.AddRange(_dispatched[shard]);
        _dispatched[shard].Clear();
        HasDispatched = false;
        foreach (List<Request> others in _dispatched)
            HasDispatched |= others.Count > 0;
    }

    /// <summary>
    /// Replies to dispatched requests of this session, in the order in which they were made. May dispatch more (plans, held commands).
    /// Of commands that are the oldest each when its turn comes, those that lie one behind the other go to the output in one piece.
    /// </summary>
    /// <param name="bytes">What the replies are ranges of.</param>
    /// <param name="replies">At least one.</param>
    /// <param name="now">The time.</param>
    /// <returns>How many were taken, at least one: when much has gathered in <see cref="Output"/> the others are to come after it was sent.</returns>
    public int Deliver(ReadOnlySpan<byte> bytes, ReadOnlySpan<SessionReply> replies, Instant now)
    {
        _now = now;
        int start = 0, end = 0, taken = 0;
        do
        {
            ref readonly SessionReply reply = ref replies[taken++];
            Request request = reply.Request;
            ReadOnlySpan<byte> shown = bytes.Slice(reply.Start, reply.Length);
            if (!request.IsPartitionRequest)
                Release(request);
            bool isDue = request.Call is null && _queue.Peek() == request && !request.IsMuted;
            if (!isDue || reply.Start != end)
            {
                Output.Write(bytes[start..end]);
                start = end = reply.Start;
            }
            if (isDue)
            {
                Measure(request, shown);
                end += reply.Length;
                LeaveQueue();
                if (!HeadIsAnswered)
                    continue;
                Output.Write(bytes[start..end]);
                start = end;
            }
            else if (request.Call is { } call)
            {
                DeliverPart(request, call, shown);
            }
            else
            {
                Finish(request, shown);
            }
            FlushReady();
        }
        while (taken < replies.Length && Output.Length + (end - start) <= OutputBytesTogether);
        Output.Write(bytes[start..end]);
        FlushReady();
        return taken;
    }

    /// <summary>What waited for an answered request on its key goes on.</summary>
    private void Release(Request answered)
    {
        _order.Release(answered, _ready);
        if (_ready.Count == 0)
            return;
        foreach (Request ready in _ready)
            Enqueue(ready);
        _ready.Clear();
    }

    /// <summary>A plan may have finished without the request; its call is used again then, by another command or session.</summary>
    private void DeliverPart(Request request, Request call, ReadOnlySpan<byte> reply)
    {
        if (call.Session == this && call.Ticket == request.Ticket && !call.IsAnswered)
        {
            PlanContext plan = call.Plan!;
            plan.Answered();
            plan.Plan.OnReply(plan, request.Part, reply);
            FinishPlanIfDone(plan);
        }
        Return(request);
    }

    /// <summary>Ends the session's memory; late replies are dropped by the host.</summary>
    public void Dispose()
    {
        foreach (Request request in _queue)
            request.DropReply();
        _queue.Clear();
        _held = null;
        Output.Dispose();
        _scratch.Dispose();
    }

    internal Request RentRequest()
    {
        Request request = FreeList<Request>.Rent();
        request.Session = this;
        return request;
    }

    /// <summary>Looks a command up; mostly it is the same as the one before.</summary>
    internal CommandSpec? FindCommand(ReadOnlySpan<byte> name)
    {
        if (_foundSpec is not null && name.SequenceEqual(_foundName.AsSpan(0, _foundLength)))
            return _foundSpec;
        CommandSpec? spec = Table.Find(name);
        if (spec is not null && name.Length <= FoundNameBytesMax)
        {
            _foundSpec = spec;
            _foundLength = name.Length;
            name.CopyTo(_foundName);
        }
        return spec;
    }

    /// <summary>Sends a routed request to its shard, or holds it while an earlier one on its key could be overtaken.</summary>
    internal void Dispatch(Request request)
    {
        if (request.IsPartitionRequest || _order.Admit(request))
            Enqueue(request);
    }

    private void Enqueue(Request request)
    {
        _dispatched[_node.ShardOf(request.Partition)].Add(request);
        HasDispatched = true;
    }

    private int CoordinatorOf(Request request) =>
        Router.Coordinator(View, request.Kind, request.Partition, _node.IsCompleteHere(request.Partition), request.IsLocal);

    private void Run(Request request)
    {
        CommandsReceived++;
        request.Protocol = Protocol;
        request.Keyspace = Keyspace;
        bool muted = ReplyMode == ReplyMode.Off;
        if (ReplyMode == ReplyMode.SkipNext)
        {
            muted = true;
            ReplyMode = ReplyMode.On;
        }
        request.StartedMicros = _now.MonotonicMicros;
        request.IsMuted = muted;
        request.Ticket = ++_tickets;
        _queue.Enqueue(request);

        _scratch.Clear();
        if (!CommandGate.TryAdmit(this, request, _scratch))
        {
            _node.Metrics.Rejected(request.Spec);
            Finish(request, _scratch.Written);
            return;
        }
        LastCommand = request.Spec.Name;
        switch (request.Kind)
        {
            case CommandKind.Session:
                request.Spec.OnSession!(new SessionContext(this, request, _now, _scratch));
                // CLIENT REPLY ON answers although replies were off when it came; OFF and SKIP do not answer.
                request.IsMuted = request.Spec.Name == "client|reply" ? ReplyMode != ReplyMode.On : muted;
                Finish(request, _scratch.Written);
                break;
            case CommandKind.Plan:
                RunPlan(request);
                break;
            default:
                request.RouteByKey(request.Spec.Keys.First, View.Map!);
                Dispatch(request);
                break;
        }
    }

    private void RunPlan(Request request)
    {
        var plan = new PlanContext(this, request, request.Spec.MakePlan!());
        request.Plan = plan;
        if (plan.StandsAlone)
            _outstandingMax = 0;
        if (plan.StandsAlone && _queue.Peek() != request)
            _held = request;
        else
            StartPlan(plan);
    }

    private void StartPlan(PlanContext plan)
    {
        plan.Plan.Start(plan);
        FinishPlanIfDone(plan);
    }

    /// <summary>What waited for all before it starts when its place is the first; nothing is behind it.</summary>
    private void StartHeldIfFirst()
    {
        if (_queue.Peek() != _held)
            return;
        Check.That(_queue.Count == 1);
        PlanContext plan = _held.Plan!;
        _held = null;
        StartPlan(plan);
    }

    private void FinishPlanIfDone(PlanContext plan)
    {
        if (!plan.Finished)
        {
            Check.That(plan.Outstanding > 0);
            return;
        }
        if (plan.StandsAlone)
            _outstandingMax = CommandsOutstandingMax;
        Finish(plan.Call, plan.Reply.Written);
    }

    /// <summary>The reply of the oldest command goes straight to the output; others wait with their commands.</summary>
    private void Finish(Request request, ReadOnlySpan<byte> reply)
    {
        Measure(request, reply);
        ReadOnlySpan<byte> shown = request.IsMuted ? default : reply;
        if (_queue.Peek() != request)
        {
            request.KeepReply(shown);
            return;
        }
        Output.Write(shown);
        LeaveQueue();
    }

    private bool HeadIsAnswered => _queue.TryPeek(out Request? head) && head.IsAnswered;

    private void FlushReady()
    {
        while (HeadIsAnswered)
        {
            Output.Write(_queue.Peek().KeptReply);
            LeaveQueue();
        }
        if (_held is not null)
            StartHeldIfFirst();
        if (_queue.Count == 0)
            CountCompleted();
    }

    private void LeaveQueue() => Return(_queue.Dequeue());

    /// <summary>Commands of a pipeline mostly are alike and take equally long: a run of them is counted in one step.</summary>
    private void Measure(Request request, ReadOnlySpan<byte> reply)
    {
        if (request.Spec is not { } spec)
            return;
        long micros = _now.MonotonicMicros - request.StartedMicros;
        if (reply.Length > 0 && reply[0] == (byte)'-')
        {
            _node.Metrics.Failed(spec, micros, reply[1..].StartsWith("TIMEOUT"u8));
            return;
        }
        if (_completedSpec != spec || _completedMicros != micros)
            CountCompleted();
        _completedSpec = spec;
        _completedMicros = micros;
        _completedCalls++;
    }

    private void CountCompleted()
    {
        if (_completedCalls > 0)
            _node.Metrics.Completed(_completedSpec!, _completedMicros, _completedCalls);
        _completedCalls = 0;
    }

    private void FailProtocol(RespError error)
    {
        Request failed = RentRequest();
        failed.Ticket = ++_tickets;
        _queue.Enqueue(failed);
        _scratch.Clear();
        _scratch.Error(error.Message);
        failed.KeepReply(_scratch.Written);
        CloseAfterOutput = true;
    }

    private static void Return(Request request)
    {
        request.Reset();
        FreeList<Request>.Return(request);
    }
}
