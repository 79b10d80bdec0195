using Torc.Base;
using Torc.Simulator.Time;

namespace Torc.Simulator.Network;

/// <summary>
/// Hosts and the directed links between them. A connection is TCP-like: per direction a FIFO of byte chunks, delayed at
/// random, split at random. Over a cut link chunks wait (TCP sends again), until it heals or an end gives up; a link can be
/// cut in one direction only. A connection can break at any time: each end learns it on its own, and a suffix of what was
/// under way is lost. All randomness is the network's own generator, drawn in event order.
/// </summary>
public sealed class SimulatedNetwork
{
    private readonly EventQueue _queue;
    private readonly SeededRandom _random;
    private readonly SortedDictionary<int, Func<ConnectionEnd, IConnectionHandler?>> _listeners = [];
    private readonly SortedDictionary<(int From, int To), long> _cuts = [];
    private readonly SortedDictionary<(int From, int To), long> _extraDelays = [];
    private readonly SortedDictionary<long, ConnectionEnd> _open = [];
    private readonly SortedDictionary<(int From, int To), long> _bytesSent = [];
    private long _lastId;
    private long _lastCut;

    public SimulatedNetwork(EventQueue queue, SeededRandom random, NetworkOptions options)
    {
        _queue = queue;
        _random = random;
        Options = options;
    }

    public NetworkOptions Options { get; }

    /// <summary>Bytes that one host sent to another so far.</summary>
    public IReadOnlyDictionary<(int From, int To), long> BytesSent => _bytesSent;

    /// <summary>Open ends, for faults that want to break one.</summary>
    public IReadOnlyCollection<ConnectionEnd> OpenEnds => _open.Values;

    /// <summary>The host takes connections; <paramref name="accept"/> says who handles one, or null to refuse it.</summary>
    public void Listen(int host, Func<ConnectionEnd, IConnectionHandler?> accept) => _listeners[host] = accept;

    public void StopListening(int host) => _listeners.Remove(host);

    public bool IsCut(int from, int to) => _cuts.ContainsKey((from, to));

    /// <summary>Cuts one direction.</summary>
    public void Cut(int from, int to)
    {
        if (_cuts.TryAdd((from, to), ++_lastCut))
        {
            long cut = _lastCut;
            foreach (ConnectionEnd end in _open.Values)
            {
                if (Crosses(end, from, to))
                    _queue.After(GiveUpMicros(), Label(Happening.GiveUp, end), () => GiveUp(end, from, to, cut));
            }
        }
    }

    public void Heal(int from, int to)
    {
        if (!_cuts.Remove((from, to)))
            return;
        foreach (ConnectionEnd end in _open.Values.ToArray())
        {
            // The chunks waited at the sender's side of the link, whichever end is still open.
            foreach (ConnectionEnd sender in (ConnectionEnd[])[end, end.Other])
            {
                if (sender.Host == from && sender.RemoteHost == to)
                    ReleaseHeld(sender);
            }
        }
    }

    public void HealAll()
    {
        foreach ((int from, int to) in _cuts.Keys.ToArray())
            Heal(from, to);
        _extraDelays.Clear();
    }

    /// <summary>Slows one direction down; 0 takes that back.</summary>
    public void SetExtraDelay(int from, int to, long delayMicros)
    {
        if (delayMicros == 0)
            _extraDelays.Remove((from, to));
        else
            _extraDelays[(from, to)] = delayMicros;
    }

    /// <summary>Asks for a connection. <paramref name="opened"/> gets the near end, or null when it was refused or timed out.</summary>
    public void Connect(int from, int to, IConnectionHandler handler, Action<ConnectionEnd?> opened)
    {
        _queue.After(DelayMicros(from, to), Label(Happening.Connect, from, to), () =>
        {
            bool reachable = !IsCut(from, to) && !IsCut(to, from);
            if (!reachable)
            {
                _queue.After(Options.ConnectTimeoutMs * Instant.MicrosPerMs, Label(Happening.ConnectFailed, from, to), () => opened(null));
                return;
            }
            var near = new ConnectionEnd(this, ++_lastId, from, to) { Handler = handler };
            var far = new ConnectionEnd(this, ++_lastId, to, from) { Other = near };
            near.Other = far;
            long back = DelayMicros(to, from);
            far.LastArrivalMicros = _queue.NowMicros + back + 1;
            far.Handler = _listeners.TryGetValue(to, out Func<ConnectionEnd, IConnectionHandler?>? accept) ? accept(far) : null;
            if (far.Handler is null)
            {
                far.IsOpen = false;
                _queue.After(back, Label(Happening.ConnectFailed, from, to), () => opened(null));
                return;
            }
            _open.Add(near.Id, near);
            if (far.IsOpen)
                _open.Add(far.Id, far);
            _queue.After(back, Label(Happening.Opened, near), () => opened(near));
        });
    }

    /// <summary>Breaks a connection: each end finds out soon, what has not arrived by then is lost.</summary>
    public void Break(ConnectionEnd end)
    {
        foreach (ConnectionEnd side in (ConnectionEnd[])[end, end.Other])
            _queue.After(DelayMicros(side.Host, side.RemoteHost), Label(Happening.Broken, side), () => CloseByNetwork(side));
    }

    internal void Send(ConnectionEnd from, byte[]? chunk)
    {
        if (chunk is { Length: > 1 } && Options.SplitChance > 0 && _random.Chance(Options.SplitChance))
        {
            int split = 1 + _random.Below(chunk.Length - 1);
            SendWhole(from, chunk[..split]);
            SendWhole(from, chunk[split..]);
            return;
        }
        SendWhole(from, chunk);
    }

    internal void Forget(ConnectionEnd end) => _open.Remove(end.Id);

    internal void Abandoned(ConnectionEnd end)
    {
        Forget(end);
        ConnectionEnd other = end.Other;
        _queue.After(GiveUpMicros(), Label(Happening.GiveUp, other), () => CloseByNetwork(other));
    }

    private void SendWhole(ConnectionEnd from, byte[]? chunk)
    {
        from.BytesUnderWay += chunk?.Length ?? 0;
        _bytesSent[(from.Host, from.RemoteHost)] = _bytesSent.GetValueOrDefault((from.Host, from.RemoteHost)) + (chunk?.Length ?? 0);
        Schedule(from, chunk);
    }

    private void Schedule(ConnectionEnd from, byte[]? chunk)
    {
        long arrival = Math.Max(_queue.NowMicros + DelayMicros(from.Host, from.RemoteHost), from.LastArrivalMicros);
        from.LastArrivalMicros = arrival;
        _queue.At(arrival, Label(Happening.Arrive, from), () => Arrive(from, chunk));
    }

    private void Arrive(ConnectionEnd from, byte[]? chunk)
    {
        if (from.HasGap)
            return;
        if (IsCut(from.Host, from.RemoteHost) || from.Held.Count > 0)
            from.Held.Enqueue(chunk);
        else
            Deliver(from, chunk);
    }

    private void Deliver(ConnectionEnd from, byte[]? chunk)
    {
        from.BytesUnderWay -= chunk?.Length ?? 0;
        ConnectionEnd to = from.Other;
        if (!to.IsOpen)
        {
            if (from.IsOpen && _listeners.ContainsKey(to.Host) && !IsCut(to.Host, from.Host))
                _queue.After(DelayMicros(to.Host, from.Host), Label(Happening.Broken, from), () => CloseByNetwork(from));
            return;
        }
        if (chunk is null)
        {
            CloseByNetwork(to);
            return;
        }
        _queue.Observe(chunk);
        to.Handler!.Received(to, chunk);
    }

    /// <summary>Chunks that arrive while others are held queue behind them, so the order stays.</summary>
    private void ReleaseHeld(ConnectionEnd from)
    {
        if (from.Held.Count == 0)
            return;
        _queue.After(DelayMicros(from.Host, from.RemoteHost), Label(Happening.Arrive, from), () =>
        {
            while (!IsCut(from.Host, from.RemoteHost) && from.Held.TryDequeue(out byte[]? chunk))
                Deliver(from, chunk);
        });
    }

    private void GiveUp(ConnectionEnd end, int from, int to, long cut)
    {
        if (_cuts.TryGetValue((from, to), out long current) && current == cut)
            CloseByNetwork(end);
    }

    private void CloseByNetwork(ConnectionEnd end)
    {
        if (!end.IsOpen)
            return;
        end.IsOpen = false;
        end.HasGap |= end.Held.Count > 0;
        end.Held.Clear();
        Forget(end);
        end.Handler!.Closed(end);
    }

    private static bool Crosses(ConnectionEnd end, int from, int to) =>
        (end.Host == from && end.RemoteHost == to) || (end.Host == to && end.RemoteHost == from);

    private long DelayMicros(int from, int to)
    {
        long delay = Options.DelayMinMicros;
        if (Options.DelayMeanMicros > 0)
            delay += (long)(-Math.Log(1 - _random.Unit()) * Options.DelayMeanMicros);
        if (Options.SpikeChance > 0 && _random.Chance(Options.SpikeChance))
            delay += _random.Between(0, Options.SpikeMicrosMax + 1);
        return delay + _extraDelays.GetValueOrDefault((from, to));
    }

    private long GiveUpMicros() =>
        _random.Between(Options.GiveUpMinMs, Math.Max(Options.GiveUpMinMs, Options.GiveUpMaxMs) + 1) * Instant.MicrosPerMs;

    private enum Happening : byte
    {
        Connect = 1,
        ConnectFailed,
        Opened,
        Arrive,
        Broken,
        GiveUp,
    }

    private static ulong Label(Happening happening, ConnectionEnd end) => ((ulong)happening << 56) | (ulong)end.Id;

    private static ulong Label(Happening happening, int from, int to) => ((ulong)happening << 56) | ((ulong)from << 16) | (uint)to;
}
