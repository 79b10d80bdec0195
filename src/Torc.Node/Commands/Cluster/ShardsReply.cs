using Torc.Core.Placement;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Cluster;

/// <summary>CLUSTER SHARDS: one shard for each order of nodes, with all the slot ranges that have it.</summary>
internal static class ShardsReply
{
    public static void Write(in SessionContext context)
    {
        if (!ClusterCommands.TryMap(context, out ClusterMap map))
            return;
        var shards = new List<List<SlotRange>>();
        foreach (SlotRange range in Topology.RangesOf(context.Session))
        {
            List<SlotRange>? shard = shards.Find(known => known[0].Nodes.SequenceEqual(range.Nodes));
            if (shard is null)
                shards.Add([range]);
            else
                shard.Add(range);
        }
        context.Reply.ArrayHeader(shards.Count);
        foreach (List<SlotRange> shard in shards)
            WriteShard(context, map, shard);
    }

    private static void WriteShard(in SessionContext context, ClusterMap map, List<SlotRange> shard)
    {
        RespProtocol protocol = context.Request.Protocol;
        ByteWriter reply = context.Reply;
        reply.MapHeader(2, protocol);
        reply.Bulk("slots"u8);
        reply.ArrayHeader(2 * shard.Count);
        foreach (SlotRange range in shard)
        {
            reply.Integer(range.First);
            reply.Integer(range.Last);
        }
        reply.Bulk("nodes"u8);
        IReadOnlyList<ushort> nodes = shard[0].Nodes;
        reply.ArrayHeader(nodes.Count);
        foreach (ushort node in nodes)
            WriteNode(context, map, node, isFirst: node == nodes[0]);
    }

    private static void WriteNode(in SessionContext context, ClusterMap map, ushort node, bool isFirst)
    {
        NodeInfo info = context.View.PeerOf(node)!.Node;
        ByteWriter reply = context.Reply;
        reply.MapHeader(7, context.Request.Protocol);
        WritePair(reply, "id", NodeNames.OfNode(map.ClusterId, node));
        reply.Bulk("port"u8);
        reply.Integer(info.RespPort);
        WritePair(reply, "ip", info.Host);
        WritePair(reply, "endpoint", info.Host);
        WritePair(reply, "role", isFirst ? "master" : "replica");
        reply.Bulk("replication-offset"u8);
        reply.Integer(0);
        WritePair(reply, "health", context.View.IsUp(node) ? "online" : "failed");
    }

    private static void WritePair(ByteWriter reply, string name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
    }
}
