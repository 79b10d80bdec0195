using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>Brings peers' answers to the operations that asked; an answer to one that is gone, or began again since, finds nobody.</summary>
internal sealed class PeerReplies(Shard shard)
{
    public void Handle(ushort from, in PeerMessage message)
    {
        switch (message.Kind)
        {
            case PeerMessageKind.WriteReply when WriteReply.TryRead(message.Body, out WriteReply write):
                if (!shard.RemoteWrites.IsEmpty)
                    shard.RemoteWrites.Answered(write.Operation, from);
                if (!shard.Relays.IsEmpty)
                    shard.Relays.Answered(write.Operation, from);
                Operation? writing = shard.Operations.Find(write.Operation);
                writing?.OnWriteReply(from, write);
                shard.Pool.PutBack(writing);
                break;
            case PeerMessageKind.HintReply when HintReply.TryRead(message.Body, out HintReply hint):
                OnHintReply(from, hint);
                break;
            case PeerMessageKind.ReadReply when ReadReply.TryRead(message.Body, out ReadReply read):
                Operation? reading = shard.Operations.Find(read.Operation);
                reading?.OnReadReply(from, read);
                shard.Pool.PutBack(reading);
                break;
            case PeerMessageKind.ScanReply when ScanReply.TryRead(message.Body, out ScanReplyView scan):
                shard.Operations.Find(scan.Operation)?.OnScanReply(from, scan);
                break;
            case PeerMessageKind.ListReply when ListReply.TryRead(message.Body, out ListReply list):
                shard.Operations.Find(list.Operation)?.OnListReply(from, list);
                break;
            case PeerMessageKind.TreeRootsReply when TreeRootsReply.TryRead(message.Body, out TreeRootsReply roots):
                shard.Operations.Find(roots.Operation)?.OnTreeRootsReply(from, roots);
                break;
            case PeerMessageKind.TreeNodesReply when TreeNodesReply.TryRead(message.Body, out TreeNodesReply nodes):
                shard.Operations.Find(nodes.Operation)?.OnTreeNodesReply(from, nodes);
                break;
            case PeerMessageKind.FloorReply when FloorReply.TryRead(message.Body, out FloorReply floor):
                shard.Operations.Find(floor.Operation)?.OnFloorReply(from, floor);
                break;
            case PeerMessageKind.ForwardReply when ForwardReply.TryRead(message.Body, out ForwardReply forward):
                shard.Operations.Find(forward.Operation)?.OnForwardReply(from, forward);
                break;
            default:
                shard.Emit(new NodeEvent(NodeEventKind.PeerRefused, message.Partition, Node: from, Detail: $"malformed message of kind {(byte)message.Kind}"));
                break;
        }
    }

    /// <summary>Whom the answer to a write or a read is for.</summary>
    public static bool TryOperationOf(in PeerMessage message, out ulong operation)
    {
        bool isAnswer = message.Kind is PeerMessageKind.WriteReply or PeerMessageKind.ReadReply && message.Body.Length >= sizeof(ulong);
        operation = isAnswer ? new ByteReader(message.Body).ReadUInt64() : 0;
        return isAnswer;
    }

    private void OnHintReply(ushort from, in HintReply reply)
    {
        if (reply.Status == WriteStatus.Refused)
            shard.Fallbacks.OnRefused(from, reply.Target);
        Operation? writing = shard.Operations.Find(reply.Operation);
        writing?.OnHintReply(from, reply);
        shard.Pool.PutBack(writing);
    }
}
