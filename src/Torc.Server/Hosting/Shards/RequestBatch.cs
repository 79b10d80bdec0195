using Torc.Node.Commands;
using Torc.Server.Hosting.Clients;

namespace Torc.Server.Hosting.Shards;

/// <summary>Requests of one connection for one shard, in order, and how many of them have run.</summary>
internal sealed class RequestBatch
{
    private const int KeptMax = 1_024;
    private static readonly ObjectPool<RequestBatch> Pool = new(KeptMax);

    internal List<Request> Requests { get; } = [];

    internal ClientConnection? Owner { get; private set; }

    internal int Next { get; set; }

    /// <summary>How many of them the shard has prefetched for.</summary>
    internal int Prefetched { get; set; }

    /// <summary>Nothing is left to run, or nobody is there any more who wants it.</summary>
    internal bool IsFinished => Next >= Requests.Count || Owner!.IsClosed;

    internal static RequestBatch Rent(ClientConnection owner)
    {
        RequestBatch batch = Pool.Rent();
        batch.Owner = owner;
        return batch;
    }

    internal void Return()
    {
        Requests.Clear();
        Owner = null;
        Next = Prefetched = 0;
        Pool.Return(this);
    }
}
