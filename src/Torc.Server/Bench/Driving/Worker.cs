using System.Diagnostics;
using Torc.Server.Bench.Wire;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// One thread of the load: fills its idle connections with pipelines of operations, waits for any of them, matches replies with
/// requests, and counts. It ends when the phase grants no more and everything was answered, or all its connections are lost.
/// </summary>
internal sealed class Worker
{
    private const string LostConnection = "CONNECTION";
    private const string TooFewReplicas = "WAIT";
    private const long DrainMsMax = 10_000;

    private readonly BenchOptions _options;
    private readonly Phase _phase;
    private readonly Schedule _schedule;
    private readonly WorkloadSource _source;
    private readonly ValueSource _values;
    private readonly Connection[] _connections;
    private bool _isOver;
    private long _overAt;
    private int _busy;
    private int _lost;

    internal Worker(
        BenchOptions options, Phase phase, Schedule schedule, WorkloadSource source, ValueSource values, Connection[] connections)
    {
        _options = options;
        _phase = phase;
        _schedule = schedule;
        _source = source;
        _values = values;
        _connections = connections;
    }

    internal Tally Tally { get; } = new();

    internal void Run()
    {
        using var waiter = new SocketWaiter();
        foreach (Connection connection in _connections)
        {
            waiter.Watch(connection.Socket, connection.Index);
            connection.Protocol.Greet(connection.Output);
            Flush(waiter, connection);
        }
        Span<int> ready = stackalloc int[256];
        while (true)
        {
            FillIdle(waiter);
            if (_lost == _connections.Length || (_isOver && _busy == 0))
                return;
            int count = waiter.Wait(ready, WaitNanoseconds());
            foreach (int index in ready[..count])
            {
                if (index != SocketWaiter.TimerIndex)
                    Serve(waiter, _connections[index]);
            }
            if (_isOver && Stopwatch.GetElapsedTime(_overAt).TotalMilliseconds > DrainMsMax)
                LoseThoseThatDoNotAnswer(waiter);
        }
    }

    /// <summary>Until the next operation is due, if a connection is free for it; so that the end is noticed, not for ever.</summary>
    private long WaitNanoseconds()
    {
        const long Longest = 100_000_000;
        if (_isOver || !_schedule.HasRate || _busy + _lost == _connections.Length)
            return Longest;
        long ticks = _schedule.NextDueAt - Stopwatch.GetTimestamp();
        return Math.Clamp((long)(ticks * (1e9 / Stopwatch.Frequency)), 0, Longest);
    }

    private void FillIdle(SocketWaiter waiter)
    {
        if (_busy + _lost == _connections.Length)
            return;
        foreach (Connection connection in _connections)
        {
            if (connection.IsIdle)
                Fill(waiter, connection);
        }
    }

    private void Fill(SocketWaiter waiter, Connection connection)
    {
        long now = Stopwatch.GetTimestamp();
        SendSecondHalves(connection);
        int room = Math.Max(0, _options.Pipeline - connection.Pending.Count);
        int wanted = _isOver ? 0 : _schedule.Due(now, room);
        int granted = wanted == 0 ? 0 : _phase.Grant(now, wanted);
        if (granted < wanted && !_isOver)
        {
            _isOver = true;
            _overAt = now;
        }
        bool isMeasured = _phase.IsMeasured(now);
        for (int i = 0; i < granted; i++)
        {
            long beganAt = _schedule.Take(now);
            if (isMeasured)
                Tally.FirstBeganAt = Math.Min(Tally.FirstBeganAt, beganAt);
            Send(connection, _source.Next(), isMeasured, beganAt);
        }
        if (connection.Pending.Count == 0)
            return;
        if (_options.WaitReplicas > 0 && !_options.WaitEach)
            SendWait(connection);
        _busy++;
        Flush(waiter, connection);
    }

    private void SendWait(Connection connection)
    {
        connection.Protocol.WaitForReplicas(_options.WaitReplicas, connection.Output);
        connection.Pending.Enqueue(new Pending(PendingKind.Wait, Operation.Update, IsMeasured: false, BeganAt: 0, Key: 0));
    }

    private void SendSecondHalves(Connection connection)
    {
        foreach (Pending half in connection.Halves)
        {
            connection.Protocol.Set(half.Key, _values.Next(), connection.Output);
            connection.Pending.Enqueue(half with { Kind = PendingKind.SecondHalf });
        }
        connection.Halves.Clear();
    }

    private void Send(Connection connection, WorkloadStep step, bool isMeasured, long beganAt)
    {
        PendingKind kind = PendingKind.Whole;
        switch (step.Operation)
        {
            case Operation.Update or Operation.Insert:
                connection.Protocol.Set(step.Key, _values.Next(), connection.Output);
                break;
            case Operation.Scan:
                connection.Protocol.Scan(step.Key, step.Count, connection.Output);
                break;
            case Operation.ReadModifyWrite:
                kind = PendingKind.FirstHalf;
                goto default;
            default:
                connection.Protocol.Get(step.Key, connection.Output);
                break;
        }
        connection.Pending.Enqueue(new Pending(kind, step.Operation, isMeasured, beganAt, step.Key));
        if (_options.WaitEach && _options.WaitReplicas > 0)
            SendWait(connection);
    }

    private void Serve(SocketWaiter waiter, Connection connection)
    {
        if (connection.IsLost)
            return;
        if (!connection.Receive())
        {
            Lose(waiter, connection);
            return;
        }
        long now = Stopwatch.GetTimestamp();
        int read = 0;
        while (true)
        {
            WireReply reply = connection.Read(ref read, out long number, out string error);
            if (reply == WireReply.NeedMore)
                break;
            if (reply == WireReply.Broken || connection.Pending.Count == 0)
            {
                Lose(waiter, connection);
                return;
            }
            Answer(connection, connection.Pending.Dequeue(), reply, number, error, now);
            if (connection.Pending.Count == 0)
                _busy--;
        }
        connection.Consume(read);
        if (connection.IsIdle)
            Fill(waiter, connection);
        if (connection.HasUnsent || connection.WantsWritable)
            Flush(waiter, connection);
    }

    private void Answer(Connection connection, Pending pending, WireReply reply, long number, string error, long now)
    {
        if (pending.Kind == PendingKind.Wait)
        {
            bool enough = reply == WireReply.Done && number >= _options.WaitReplicas;
            string word = enough ? "" : reply == WireReply.Failed ? error : TooFewReplicas;
            foreach (Pending held in connection.Held)
                Count(held, word, now);
            connection.Held.Clear();
            return;
        }
        if (reply == WireReply.Missing && pending.IsMeasured)
            Tally.Misses++;
        if (reply == WireReply.Failed)
            Count(pending, error, now);
        else if (pending.Kind == PendingKind.FirstHalf)
            connection.Halves.Add(pending);
        else if (_options.WaitReplicas > 0)
            connection.Held.Add(pending);
        else
            Count(pending, "", now);
    }

    private void Count(Pending pending, string error, long now)
    {
        if (!pending.IsMeasured)
        {
            Tally.CountWarmUp();
            return;
        }
        Tally.LastAnsweredAt = Math.Max(Tally.LastAnsweredAt, now);
        if (error.Length > 0)
            Tally.CountError(error);
        else
            Tally.CountDone(pending.Operation, (long)((now - pending.BeganAt) * (1e9 / Stopwatch.Frequency)));
    }

    private void Flush(SocketWaiter waiter, Connection connection)
    {
        if (connection.IsLost)
            return;
        if (!connection.Send())
        {
            Lose(waiter, connection);
            return;
        }
        if (connection.WantsWritable == connection.HasUnsent)
            return;
        connection.WantsWritable = connection.HasUnsent;
        waiter.WatchWritable(connection.Socket, connection.Index, connection.WantsWritable);
    }

    /// <summary>What was on its way failed; the others go on without it.</summary>
    private void Lose(SocketWaiter waiter, Connection connection)
    {
        if (connection.Pending.Count > 0)
            _busy--;
        long now = Stopwatch.GetTimestamp();
        foreach (Pending pending in connection.Pending.Concat(connection.Held).Concat(connection.Halves))
        {
            if (pending.Kind != PendingKind.Wait)
                Count(pending, LostConnection, now);
        }
        connection.Pending.Clear();
        connection.Held.Clear();
        connection.Halves.Clear();
        connection.IsLost = true;
        _lost++;
        waiter.Forget(connection.Socket);
    }

    private void LoseThoseThatDoNotAnswer(SocketWaiter waiter)
    {
        foreach (Connection connection in _connections)
        {
            if (connection.Pending.Count > 0)
                Lose(waiter, connection);
        }
    }
}
