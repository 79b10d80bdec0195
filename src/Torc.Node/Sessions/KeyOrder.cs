using System.Runtime.InteropServices;
using Torc.Node.Commands;

namespace Torc.Node.Sessions;

/// <summary>
/// Keeps the commands of one connection on one key in order. Requests to the same coordinator travel and run in order,
/// so they may overlap; a request that would overtake (another coordinator, or a read behind a read-modify-write that is
/// still under way) is held until those before it on its key are answered, and so is everything behind it on that key.
/// </summary>
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

    public int HeldCount => _held.Count;

    /// <summary>True: the request may go now. False: it is held; <see cref="Release"/> gives it back in time.</summary>
    public bool Admit(Request request, int coordinator)
    {
        ref KeyUse use = ref CollectionsMarshal.GetValueRefOrAddDefault(_uses, KeyOf(request), out _);
        if (use.Held > 0 || MustWait(use, request, coordinator))
        {
            use.Held++;
            _held.Add(request);
            return false;
        }
        Take(ref use, request, coordinator);
        return true;
    }

    /// <summary>A request was answered. Puts requests that may go now, in order, into <paramref name="ready"/>.</summary>
    public void Release(Request answered, Func<Request, int> coordinatorOf, List<Request> ready)
    {
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
            int coordinator = coordinatorOf(request);
            if (MustWait(use, request, coordinator))
                break;
            _held.RemoveAt(i);
            use.Held--;
            Take(ref use, request, coordinator);
            ready.Add(request);
        }
        if (use.Outstanding == 0 && use.Held == 0)
            _uses.Remove(key);
    }

    private static bool MustWait(in KeyUse use, Request request, int coordinator)
    {
        if (use.Outstanding == 0)
            return false;
        bool isRead = request.Kind is CommandKind.Read;
        return use.Coordinator != coordinator || (isRead && use.ReadModifyWrites > 0);
    }

    private static void Take(ref KeyUse use, Request request, int coordinator)
    {
        use.Outstanding++;
        use.Coordinator = coordinator;
        if (request.Kind is CommandKind.ReadModifyWrite)
            use.ReadModifyWrites++;
    }

    /// <summary>Keys that collide wait for each other, which is harmless.</summary>
    private static ulong KeyOf(Request request) => request.KeyHash ^ ((ulong)request.Keyspace << 56);
}
