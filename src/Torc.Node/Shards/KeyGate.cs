// One queue per key that somebody holds.
//
// A read-modify-write holds its key from its read to its last acknowledgement; an operation that waits for a cold record or
// for space holds it meanwhile, so that what came later on the key stays behind it. A plain read may pass a holder that is not
// waiting for storage, as long as nobody queues: the session keeps a connection's own reads behind its own changes.

using Torc.Node.Commands;

namespace Torc.Node.Shards;

internal sealed class KeyGate(int waitersPerKeyMax)
{
    private sealed class Held
    {
        public KeyOperation? Holder;
        public readonly Queue<KeyOperation> Waiters = new();
    }

    private readonly Dictionary<ulong, Held> _held = [];
    private readonly Stack<Held> _free = new();

    public enum Entry
    {
        /// <summary>Go on now.</summary>
        Entered,

        /// <summary>Called again through <see cref="KeyOperation.Start"/> when it is its turn.</summary>
        Queued,

        /// <summary>Too many wait already.</summary>
        Full,
    }

    /// <summary>Nobody holds any key.</summary>
    public bool IsEmpty => _held.Count == 0;

    public Entry Enter(KeyOperation operation)
    {
        if (_held.Count == 0 || !_held.TryGetValue(operation.GateKey, out Held? held))
            return Entry.Entered;
        if (operation.Request.Kind == CommandKind.Read && held.Waiters.Count == 0 && !held.Holder!.IsParked)
            return Entry.Entered;
        if (held.Waiters.Count >= waitersPerKeyMax)
            return Entry.Full;
        held.Waiters.Enqueue(operation);
        return Entry.Queued;
    }

    /// <summary>Takes the key for an operation that entered. False when it passed a holder and must not park in front of it: it waits as a waiter.</summary>
    public bool Hold(KeyOperation operation)
    {
        if (_held.TryGetValue(operation.GateKey, out Held? held))
        {
            if (held.Holder == operation)
                return true;
            held.Waiters.Enqueue(operation);
            return false;
        }
        held = _free.TryPop(out Held? free) ? free : new Held();
        held.Holder = operation;
        _held.Add(operation.GateKey, held);
        operation.HoldsKey = true;
        return true;
    }

    /// <summary>An operation that held its key ended: those behind it run, until one of them holds the key again.</summary>
    public void Leave(KeyOperation operation)
    {
        Held held = _held[operation.GateKey];
        Check.That(held.Holder == operation);
        _held.Remove(operation.GateKey);
        operation.HoldsKey = false;
        held.Holder = null;
        while (held.Waiters.TryDequeue(out KeyOperation? next))
        {
            next.Start();
            operation.Shard.Pool.PutBack(next);
            if (!_held.TryGetValue(operation.GateKey, out Held? taken))
                continue;
            // The one that ran took the key: the rest wait behind it, in front of anybody who came while it ran.
            KeyOperation[] newcomers = [.. taken.Waiters];
            taken.Waiters.Clear();
            while (held.Waiters.TryDequeue(out KeyOperation? waiter))
                taken.Waiters.Enqueue(waiter);
            foreach (KeyOperation newcomer in newcomers)
                taken.Waiters.Enqueue(newcomer);
        }
        _free.Push(held);
    }

    /// <summary>An operation that was waiting timed out.</summary>
    public void Forget(KeyOperation operation)
    {
        if (_held.Count == 0 || !_held.TryGetValue(operation.GateKey, out Held? held) || held.Holder == operation)
            return;
        int count = held.Waiters.Count;
        for (int i = 0; i < count; i++)
        {
            KeyOperation waiter = held.Waiters.Dequeue();
            if (waiter != operation)
                held.Waiters.Enqueue(waiter);
        }
    }
}
