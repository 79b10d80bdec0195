using Torc.Base;

namespace Torc.Simulator.Time;

/// <summary>
/// Virtual time: events run in the order of (time, order of scheduling), on one thread, and time jumps from one event to the
/// next. <see cref="Hash"/> covers the time and label of every event run and every word observed, so that two runs
/// with the same hash were the same run. Nothing here reads a real clock.
/// </summary>
public sealed class EventQueue
{
    private readonly PriorityQueue<ScheduledEvent, (long AtMicros, long Sequence)> _events = new();
    private long _sequence;

    /// <summary>Microseconds of true time since the run began.</summary>
    public long NowMicros { get; private set; }

    public ulong Hash { get; private set; }

    public long EventsRun { get; private set; }

    public int Count => _events.Count;

    /// <summary>Runs <paramref name="action"/> after a delay. <paramref name="label"/> goes into the hash: a kind and a subject.</summary>
    public ScheduledEvent After(long delayMicros, ulong label, Action action) => At(NowMicros + delayMicros, label, action);

    public ScheduledEvent At(long atMicros, ulong label, Action action)
    {
        Check.That(atMicros >= NowMicros);
        var scheduled = new ScheduledEvent(label, action);
        _events.Enqueue(scheduled, (atMicros, _sequence++));
        return scheduled;
    }

    /// <summary>Mixes what an event brought about into the hash.</summary>
    public void Observe(ulong word) => Hash = StableHash.Combine(Hash, word);

    public void Observe(ReadOnlySpan<byte> bytes) => Observe(StableHash.Hash64(bytes));

    /// <summary>Runs the next event; false when there is none at or before <paramref name="untilMicros"/>.</summary>
    public bool RunNext(long untilMicros = long.MaxValue)
    {
        while (_events.TryPeek(out ScheduledEvent? next, out (long AtMicros, long Sequence) place))
        {
            if (place.AtMicros > untilMicros)
                break;
            _events.Dequeue();
            if (next.IsCancelled)
                continue;
            NowMicros = place.AtMicros;
            Observe((ulong)place.AtMicros);
            Observe(next.Label);
            EventsRun++;
            next.Run();
            return true;
        }
        return false;
    }

    /// <summary>Runs everything up to a time, and makes that the present.</summary>
    public void RunUntil(long untilMicros)
    {
        while (RunNext(untilMicros))
        {
        }
        NowMicros = Math.Max(NowMicros, untilMicros);
    }
}

/// <summary>An event to come; cancelled ones never run and leave no trace in the hash.</summary>
public sealed class ScheduledEvent(ulong label, Action action)
{
    private Action? _action = action;

    public ulong Label { get; } = label;

    public bool IsCancelled => _action is null;

    public void Cancel() => _action = null;

    internal void Run()
    {
        Action? action = _action;
        _action = null;
        action?.Invoke();
    }
}
