using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>A peer's message that met a cold record or a full log, or a map older than its own, kept until it can be handled again.</summary>
internal sealed class ParkedMessage(Shard shard, ushort from, in PeerMessage message) : IResumable
{
    private readonly PeerMessageKind _kind = message.Kind;
    private readonly ushort _partition = message.Partition;
    private readonly ulong _epoch = message.Epoch;
    private readonly byte[] _body = message.Body.ToArray();

    public void Resume(ColdRead? finished)
    {
        shard.Replicas.Parked--;
        shard.Replicas.Handle(from, new PeerMessage(_kind, _partition, _epoch, _body), finished);
    }
}
