using System.Runtime.InteropServices;
using Torc.Node.Commands;

namespace Torc.Node.Sessions;

/// <summary>
/// Keeps the commands of one connection on one key in order. Requests to the same coordinator travel and run in order,
/// so they may overlap; a request that would overtake (another coordinator, or a read behind a read-modify-write that is
/// still under way) is held until those before it on its key are answered, and so is everything behind it on that key.
/// </summary>
/// <remarks>
/// Nearly always everything under way goes to one coordinator and changes nothing that it read: then nothing can overtake, and no
/// key is looked at. The first request that is otherwise makes this look at the keys of all that are under way, until none is: those are
/// found among the session's commands, and what plans issued in a list of its own.
/// </remarks>
internal sealed class KeyOrder
{
    private struct KeyUse
    {
        public int Outstanding;
        public int Held;
        public int Coordinator;
        public int ReadModifyWrites;
    }

    private readonly Dictionary<ulong, KeyUse> _uses = [];
    private readonly List<Request> _held = [];
    private readonly Queue<Request> _commands;
    private readonly Func<Request, int> _coordinatorOf;
    private int _underWay;
    private Request? _lastPart; // of the requests under way that plans issued
    private int _commonCoordinator;
    private bool _looksAtKeys;

    /// <param name="commands">The session's commands whose replies have not left.</param>
    /// <param name="coordinatorOf">Where a held request would go now.</param>
    public KeyOrder(Queue<Request> commands, Func<Request, int> coordinatorOf) => (_commands, _coordinatorOf) = (commands, coordinatorOf);

    /// <summary>True: the request may go now. False: it is held; <see cref="Release"/> gives it back in time.</summary>
    public bool Admit(Request request)
    {
        int coordinator = _coordinatorOf(request);
        if (!_looksAtKeys && request.Kind is not CommandKind.ReadModifyWrite && (_underWay == 0 || coordinator == _commonCoordinator))
        {
            _commonCoordinator = coordinator;
            Enter(request, coordinator);
            return true;
        }
        LookAtKeys();
        ref KeyUse use = ref CollectionsMarshal.GetValueRefOrAddDefault(_uses, KeyOf(request), out _);
        if (use.Held > 0 || MustWait(use, request, coordinator))
        {
            use.Held++;
            _held.Add(request);
            return false;
        }
        Enter(request, coordinator);
        Take(ref use, request);
        return true;
    }

    /// <summary>A request was answered. Puts requests that may go now, in order, into <paramref name="ready"/>.</summary>
    public void Release(Request answered, List<Request> ready)
    {
        Leave(answered);
        if (!_looksAtKeys)
            return;
        ulong key = KeyOf(answered);
        ref KeyUse use = ref CollectionsMarshal.GetValueRefOrNullRef(_uses, key);
        use.Outstanding--;
        if (answered.Kind is CommandKind.ReadModifyWrite)
            use.ReadModifyWrites--;
        for (int i = 0; use.Held > 0 && i < _held.Count;)
        {
            Request request = _held[i];
            if (KeyOf(request) != key)
            {
                i++;
                continue;
            }
            int coordinator = _coordinatorOf(request);
            if (MustWait(use, request, coordinator))
                break;
            _held.RemoveAt(i);
            use.Held--;
            Enter(request, coordinator);
            Take(ref use, request);
            ready.Add(request);
        }
        if (use.Outstanding == 0 && use.Held == 0)
            _uses.Remove(key);
        _looksAtKeys = _uses.Count > 0;
    }

    private static bool MustWait(in KeyUse use, Request request, int coordinator)
    {
        if (use.Outstanding == 0)
            return false;
        bool isRead = request.Kind is CommandKind.Read;
        return use.Coordinator != coordinator || (isRead && use.ReadModifyWrites > 0);
    }

    private static void Take(ref KeyUse use, Request request)
    {
        use.Outstanding++;
        use.Coordinator = request.Coordinator;
        if (request.Kind is CommandKind.ReadModifyWrite)
            use.ReadModifyWrites++;
    }

    private void LookAtKeys()
    {
        if (_looksAtKeys)
            return;
        _looksAtKeys = true;
        foreach (Request request in _commands)
        {
            if (request.IsUnderWay)
                TakeUse(request);
        }
        for (Request? part = _lastPart; part is not null; part = part.PreviousPart)
            TakeUse(part);
    }

    private void TakeUse(Request request) => Take(ref CollectionsMarshal.GetValueRefOrAddDefault(_uses, KeyOf(request), out _), request);

    private void Enter(Request request, int coordinator)
    {
        request.Coordinator = coordinator;
        request.IsUnderWay = true;
        _underWay++;
        if (request.Call is not null)
            Link(request);
    }

    private void Leave(Request request)
    {
        request.IsUnderWay = false;
        _underWay--;
        if (request.Call is not null)
            Unlink(request);
    }

    private void Link(Request part)
    {
        part.PreviousPart = _lastPart;
        if (_lastPart is not null)
            _lastPart.NextPart = part;
        _lastPart = part;
    }

    private void Unlink(Request part)
    {
        if (part.PreviousPart is not null)
            part.PreviousPart.NextPart = part.NextPart;
        if (part.NextPart is not null)
            part.NextPart.PreviousPart = part.PreviousPart;
        else
            _lastPart = part.PreviousPart;
        part.PreviousPart = part.NextPart = null;
    }

    /// <summary>Keys that collide wait for each other, which is harmless.</summary>
    private static ulong KeyOf(Request request) => request.KeyHash ^ ((ulong)request.Keyspace << 56);
}
