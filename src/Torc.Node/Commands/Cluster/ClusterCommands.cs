using System.Text;
using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Cluster;

/// <summary>CLUSTER: the ring in the words of Redis Cluster, for clients that route by slot. Nothing is ever redirected (no MOVED).</summary>
internal static class ClusterCommands
{
    private const CommandFlags Plain = CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] Help =
    [
        "COUNTKEYSINSLOT <slot>", "    Return the number of keys in <slot>, in the whole cluster.",
        "GETKEYSINSLOT <slot> <count>", "    Return key names in <slot>, from the whole cluster.",
        "INFO", "    Return information about the cluster.",
        "KEYSLOT <key>", "    Return the hash slot for <key>.",
        "MYID", "    Return the node id.",
        "MYSHARDID", "    Return the node's shard id.",
        "NODES", "    Return cluster configuration seen by node. Output format:", "    <id> <ip:port@bus-port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
        "SHARDS", "    Return information about slot range mappings and the nodes associated with them.",
        "SLOTS", "    Return information about slots range mappings. Each range is made of:", "    start, end, master and replicas IP addresses, ports and ids",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "cluster", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Slow, Group = "cluster",
            Since = "3.0.0", Syntax = "<subcommand> [argument ...]", Summary = "A container for cluster commands.",
            Subcommands =
            [
                Make("info", 2, "3.0.0", OnInfo, "", "Returns information about the state of the cluster, as this node sees it."),
                Make("keyslot", 3, "3.0.0", OnKeySlot, "key", "Returns the hash slot for a key."),
                Make("myid", 2, "3.0.0", OnMyId, "", "Returns the ID of a node."),
                Make("myshardid", 2, "7.2.0", OnMyShardId, "", "Returns the shard ID of a node: here the same as its ID."),
                Make("nodes", 2, "3.0.0", OnNodes, "", "Returns the cluster configuration for a node."),
                Make("shards", 2, "7.0.0", ShardsReply.Write, "", "Returns the mapping of cluster slots to shards."),
                Make("slots", 2, "3.0.0", OnSlots, "", "Returns the mapping of cluster slots to nodes."),
                .. SlotKeysCommands.Specs,
                HelpCommand.Make("cluster", "5.0.0", CategoryNames.Slow, Help, "cluster"),
            ],
        },
    ];

    private static CommandSpec Make(string name, int arity, string since, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "cluster|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = Plain,
        Categories = CategoryNames.Slow,
        Group = "cluster",
        Since = since,
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnKeySlot(in SessionContext context) => context.Reply.Integer(Slots.Of(context.Arguments[2]));

    private static void OnMyId(in SessionContext context)
    {
        if (TryMap(context, out ClusterMap map))
            context.Reply.Bulk(NodeNames.OfSelf(map, context.View.Self));
    }

    /// <summary>Nodes are not grouped into shards with the same keys, so each node is a shard of its own to those who ask.</summary>
    private static void OnMyShardId(in SessionContext context) => OnMyId(context);

    private static void OnInfo(in SessionContext context)
    {
        ClusterView view = context.View;
        int answered = 0;
        foreach (SlotRange range in Topology.RangesOf(context.Session))
            answered += view.IsUp(range.Nodes[0]) ? range.Last - range.First + 1 : 0;
        var text = new StringBuilder();
        text.Append($"cluster_enabled:1\r\ncluster_state:{(answered == Slots.Count ? "ok" : "fail")}\r\n");
        text.Append($"cluster_slots_assigned:{(view.IsFormed ? Slots.Count : 0)}\r\ncluster_slots_ok:{answered}\r\n");
        text.Append($"cluster_slots_pfail:0\r\ncluster_slots_fail:{(view.IsFormed ? Slots.Count - answered : 0)}\r\n");
        text.Append($"cluster_known_nodes:{view.Peers.Length}\r\ncluster_size:{view.Peers.Length}\r\n");
        text.Append($"cluster_current_epoch:{view.Map?.Epoch ?? 0}\r\ncluster_my_epoch:{view.Map?.Epoch ?? 0}\r\n");
        context.Reply.VerbatimString(text.ToString(), context.Request.Protocol);
    }

    private static void OnSlots(in SessionContext context)
    {
        if (!TryMap(context, out ClusterMap map))
            return;
        List<SlotRange> ranges = Topology.RangesOf(context.Session);
        ByteWriter reply = context.Reply;
        reply.ArrayHeader(ranges.Count);
        foreach (SlotRange range in ranges)
        {
            reply.ArrayHeader(2 + range.Nodes.Count);
            reply.Integer(range.First);
            reply.Integer(range.Last);
            foreach (ushort node in range.Nodes)
            {
                NodeInfo info = context.View.PeerOf(node)!.Node;
                reply.ArrayHeader(4);
                reply.Bulk(info.Host);
                reply.Integer(info.RespPort);
                reply.Bulk(NodeNames.OfNode(map.ClusterId, node));
                reply.ArrayHeader(0);
            }
        }
    }

    private static void OnNodes(in SessionContext context)
    {
        if (!TryMap(context, out ClusterMap map))
            return;
        ClusterView view = context.View;
        List<SlotRange> ranges = Topology.RangesOf(context.Session);
        var text = new StringBuilder();
        foreach (PeerState peer in view.Peers)
        {
            NodeInfo info = peer.Node;
            bool up = view.IsUp(info.Id);
            string flags = (info.Id == view.Self ? "myself,master" : "master") + (up ? "" : ",fail");
            text.Append($"{NodeNames.OfNode(map.ClusterId, info.Id)} {info.Host}:{info.RespPort}@{PeerPort(info)} {flags} - 0 0 {map.Epoch} {(up ? "connected" : "disconnected")}");
            foreach (SlotRange range in ranges)
            {
                if (range.Nodes[0] == info.Id)
                    text.Append(range.First == range.Last ? $" {range.First}" : $" {range.First}-{range.Last}");
            }
            text.Append('\n');
        }
        context.Reply.VerbatimString(text.ToString(), context.Request.Protocol);
    }

    private static string PeerPort(NodeInfo info) => info.PeerAddress[(info.PeerAddress.LastIndexOf(':') + 1)..];

    internal static bool TryMap(in SessionContext context, out ClusterMap map)
    {
        map = context.View.Map!;
        if (map is null)
            context.Reply.Error("CLUSTERDOWN the cluster is not formed yet: Torc is waiting for its first nodes"u8);
        return map is not null;
    }
}
