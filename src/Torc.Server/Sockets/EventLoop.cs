using System.Collections.Concurrent;
using Torc.Base;
using Torc.Server.Disks;

namespace Torc.Server.Sockets;

/// <summary>Work that a loop does once for everything that its sockets brought in one round.</summary>
internal interface IRoundWork
{
    void RunInRound();
}

/// <summary>
/// One thread that waits for many sockets (epoll, level-triggered) and runs what they bring itself: bytes go from the socket
/// through session and shard and back without a change of thread. One round is: read every ready socket, then run the shards
/// that got work, then write their logs, then write to every connection that has output. So the commands of all ready connections make one
/// batch, and each log and each peer and each client gets one write in a round.
/// </summary>
/// <remarks>
/// Nothing on a loop may wait. Sockets are closed by their loop only, so that no event is taken for a socket's successor.
/// </remarks>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int EventsPerRoundMax = 512;

    /// <summary>With so many commands together the round is cut short: their clients have the replies sooner.</summary>
    private const int CommandsPerRoundMax = 256;

    /// <summary>With so many the shards have a turn, while what was made for them is still in the processor's first cache.</summary>
    private const int CommandsPerTurnMax = 64;

    /// <summary>What one read takes at most; also the size of the buffer that all of a loop's sockets share while they have nothing unread.</summary>
    internal const int ReadBytesMax = 64 * 1024;
    private const ulong WakeUpData = ulong.MaxValue;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly int _epoll;
    private readonly WakeUp _wakeUp = new();
    private readonly Thread _thread;
    private readonly Func<Instant> _clock;
    private readonly Action<Exception> _fail;
    private readonly ConcurrentQueue<IRoundWork> _posted = new();
    private readonly List<LoopSocket?> _sockets = [];
    private readonly Stack<int> _freeSlots = new();
    private List<IRoundWork> _turns = [];
    private List<IRoundWork> _logs = [];
    private List<IRoundWork> _flushes = [];
    private List<IRoundWork> _running = [];
    private uint _generation;
    private int _commands;
    private int _commandsOfTurn;
    private int _wokenUp;
    private volatile bool _stopping;

    internal EventLoop(int index, Func<Instant> clock, Action<Exception> fail)
    {
        _clock = clock;
        Now = clock();
        _fail = fail;
        _epoll = Checked(Epoll.Create(Epoll.CloseOnExecute), "epoll_create1");
        Control(Epoll.Add, _wakeUp.Descriptor, Epoll.Readable, WakeUpData);
        _thread = new Thread(Run) { IsBackground = true, Name = $"event loop {index}" };
    }

    /// <summary>The loop whose thread this is, or null.</summary>
    internal static EventLoop? Current => _current;

    /// <summary>When the round began.</summary>
    internal Instant Now { get; private set; }

    /// <summary>What all sockets of the loop read into that have nothing unread; see <see cref="GiveReadBufferAway"/>.</summary>
    internal byte[] ReadBuffer { get; private set; } = GC.AllocateUninitializedArray<byte>(ReadBytesMax, pinned: true);

    internal void Start() => _thread.Start();

    /// <summary>Runs work on the loop's thread soon. From any thread.</summary>
    internal void Post(IRoundWork work)
    {
        _posted.Enqueue(work);
        if (Interlocked.Exchange(ref _wokenUp, 1) == 0)
            _wakeUp.Set();
    }

    /// <summary>Runs an action on the loop's thread soon: for what is rare.</summary>
    internal void Post(Action work) => Post(new PostedAction(work));

    /// <summary>
    /// On the loop's thread: a shard has work of some commands; it gets one turn for what the round brings, or for each part of
    /// that when much comes together.
    /// </summary>
    internal void RunTurnInRound(IRoundWork shard, int commands)
    {
        _commands += commands;
        _commandsOfTurn += commands;
        if (!_turns.Contains(shard))
            _turns.Add(shard);
    }

    /// <summary>On the loop's thread: a log is to be written when all turns of the round have run, before what they answered is sent.</summary>
    internal void WriteLogInRound(IRoundWork log)
    {
        if (!_logs.Contains(log))
            _logs.Add(log);
    }

    /// <summary>On the loop's thread, once a round for each sender: output is written when all turns of the round have run.</summary>
    internal void FlushInRound(IRoundWork sender) => _flushes.Add(sender);

    /// <summary>On the loop's thread: registers a socket and gives the data that its events carry.</summary>
    internal ulong Add(LoopSocket socket, int file, uint interest)
    {
        if (!_freeSlots.TryPop(out int slot))
        {
            slot = _sockets.Count;
            _sockets.Add(null);
        }
        _sockets[slot] = socket;
        ulong data = (ulong)++_generation << 32 | (uint)slot;
        Control(Epoll.Add, file, interest, data);
        return data;
    }

    /// <summary>From any thread: what a registered socket waits for from now on.</summary>
    internal void SetInterest(int file, uint interest, ulong data) => Control(Epoll.Modify, file, interest, data);

    /// <summary>On the loop's thread: no more events of a socket.</summary>
    internal void Remove(int file, ulong data)
    {
        Control(Epoll.Remove, file, 0, data);
        int slot = (int)(uint)data;
        _sockets[slot] = null;
        _freeSlots.Push(slot);
    }

    /// <summary>On the loop's thread: gives the shared read buffer away to who still reads it.</summary>
    internal void GiveReadBufferAway() => ReadBuffer = GC.AllocateUninitializedArray<byte>(ReadBytesMax, pinned: true);

    public void Dispose()
    {
        Check.That(_current != this);
        _stopping = true;
        if (_thread.IsAlive)
        {
            _wakeUp.Set();
            _thread.Join();
        }
        Libc.Close(_epoll);
    }

    private void Control(int operation, int file, uint events, ulong data)
    {
        byte* place = stackalloc byte[16];
        Epoll.WriteEvent(place, events, data);
        _ = Checked(Epoll.Control(_epoll, operation, file, place), "epoll_ctl");
    }

    private static int Checked(int result, string call) =>
        result >= 0 ? result : throw new IOException($"{call} failed: {Libc.Describe(Libc.LastError)}");

    private void Run()
    {
        _current = this;
        byte[] events = GC.AllocateUninitializedArray<byte>(EventsPerRoundMax * Epoll.EventBytes, pinned: true);
        try
        {
            fixed (byte* first = events)
            {
                while (!_stopping)
                    RunRound(first);
            }
        }
        catch (Exception error)
        {
            _fail(error);
        }
    }

    private void RunRound(byte* events)
    {
        int ready = Epoll.Wait(_epoll, events, EventsPerRoundMax, -1);
        if (ready < 0)
        {
            if (Libc.LastError == Libc.Interrupted)
                return;
            Checked(ready, "epoll_wait");
        }
        Now = _clock();
        for (int i = 0; i < ready; i++)
        {
            byte* happening = events + (i * Epoll.EventBytes);
            ulong data = Epoll.DataOf(happening);
            if (data == WakeUpData)
                NoticeWakeUp();
            else if (SocketOf(data) is { } socket)
                socket.OnEvents(Epoll.EventsOf(happening));
            if (_commands >= CommandsPerRoundMax)
                RunDeferred();
            else if (_commandsOfTurn >= CommandsPerTurnMax)
                RunTurns();
        }
        RunPosted();
        RunDeferred();
    }

    private LoopSocket? SocketOf(ulong data)
    {
        LoopSocket? socket = _sockets[(int)(uint)data];
        return socket is not null && socket.EventData == data ? socket : null;
    }

    private void RunPosted()
    {
        // What is posted meanwhile wakes the loop up again.
        for (int left = _posted.Count; left > 0 && _posted.TryDequeue(out IRoundWork? work); left--)
            work.RunInRound();
    }

    /// <summary>Turns first, and what they bring; then the logs, and what that lets go; then the connections. A write that finishes at once brings no turn.</summary>
    private void RunDeferred()
    {
        _commands = 0;
        while (_turns.Count > 0 || _logs.Count > 0 || _flushes.Count > 0)
        {
            if (_turns.Count > 0)
                RunTurns();
            else if (_logs.Count > 0)
                RunAll(ref _logs);
            else
                RunAll(ref _flushes);
        }
    }

    private void RunTurns()
    {
        _commandsOfTurn = 0;
        RunAll(ref _turns);
    }

    /// <summary>What is added meanwhile is for the next time.</summary>
    private void RunAll(ref List<IRoundWork> due)
    {
        (due, _running) = (_running, due);
        foreach (IRoundWork work in _running)
            work.RunInRound();
        _running.Clear();
    }

    private sealed class PostedAction(Action action) : IRoundWork
    {
        public void RunInRound() => action();
    }

    private void NoticeWakeUp()
    {
        _wakeUp.Clear();
        Interlocked.Exchange(ref _wokenUp, 0);
    }
}
