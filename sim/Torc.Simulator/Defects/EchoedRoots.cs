using Torc.Base;
using Torc.Node.Peers;
using Torc.Node.Shards;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Defects;

/// <summary>Merkle roots that always match: a node takes a peer's for its own, so that comparing finds nothing.</summary>
internal sealed class EchoedRoots(NodeHost host) : FrameTampering
{
    private const byte SystemKeyspace = Torc.Core.Placement.KeyspaceSettings.SystemId;
    private const byte Depth = 1; // equal roots are not asked for their depth

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind != PeerMessageKind.TreeRootsReply || !TreeRootsReply.TryRead(message.Body, out TreeRootsReply reply))
        {
            Write(to, message, message.Body);
            return;
        }
        using var body = new ByteWriter();
        body.Write(message.Body[..^reply.Roots.Length]);
        Shard shard = host.Shards[host.Node.ShardOf(message.Partition)].Shard;
        for (int keyspace = 0; keyspace < Torc.Core.Placement.KeyspaceSettings.UserKeyspacesMax; keyspace++)
            WriteOwn(body, shard, (byte)keyspace, message.Partition);
        WriteOwn(body, shard, SystemKeyspace, message.Partition);
        Write(to, message, body.Written);
    }

    private static void WriteOwn(ByteWriter to, Shard shard, byte keyspace, int partition)
    {
        bool isBuilt = shard.TryGetTreeRoot(keyspace, partition, out ulong root);
        if (isBuilt && root == 0)
            return;
        to.WriteByte(keyspace);
        to.WriteByte(isBuilt ? Depth : (byte)0);
        to.WriteUInt64(root);
    }
}
