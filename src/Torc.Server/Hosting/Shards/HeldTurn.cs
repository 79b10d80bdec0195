using Torc.Base;
using Torc.Node;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting.Shards;

/// <summary>
/// The effects of a turn that wait for the log. The replies go back to the event loop that ran the turn: its connections are
/// served by one thread, and the replies of a whole flush group leave in one round.
/// </summary>
internal sealed class HeldTurn : IRoundWork
{
    private ShardHost? _host;
    private EventLoop? _loop;

    internal Outbox Outbox { get; private set; } = null!;

    internal static HeldTurn Of(Outbox outbox, ShardHost host)
    {
        HeldTurn turn = FreeList<HeldTurn>.Rent();
        turn.Outbox = outbox;
        turn._host = host;
        turn._loop = EventLoop.Current;
        return turn;
    }

    /// <summary>The log is durable past it: the replies are delivered, on the loop or here.</summary>
    internal void Release()
    {
        if (_loop is { } loop && loop != EventLoop.Current)
            loop.Post(this);
        else
            RunInRound();
    }

    public void RunInRound()
    {
        ShardHost host = _host!;
        Outbox outbox = Outbox;
        Outbox = null!;
        _host = null;
        _loop = null;
        FreeList<HeldTurn>.Return(this);
        host.Deliver(outbox);
    }
}
