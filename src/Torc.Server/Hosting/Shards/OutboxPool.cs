using Torc.Node;

namespace Torc.Server.Hosting.Shards;

/// <summary>Outboxes for turns. One that carried much is not kept, so that a burst does not hold its memory for ever.</summary>
internal sealed class OutboxPool
{
    private const int KeptMax = 256;
    private const int KeptReplyBytesMax = 256 * 1024;
    private readonly ObjectPool<Outbox> _pool = new(KeptMax);

    internal Outbox Rent() => _pool.Rent();

    internal void Return(Outbox outbox)
    {
        if (outbox.ReplyBytes.Length > KeptReplyBytesMax)
        {
            outbox.ReplyBytes.Dispose();
            return;
        }
        outbox.Clear();
        _pool.Return(outbox);
    }
}
