using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;
using Torc.Node.Shards;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Defects;

/// <summary>Merkle roots that always match: a node takes a peer's for its own, so that comparing finds nothing.</summary>
internal sealed class EchoedRoots(NodeHost host) : FrameTampering
{
    private const byte Depth = 1; // equal roots are not asked for their depth
    private const int RootBytes = 10;
    private static readonly byte[] Keyspaces = [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => (byte)id), KeyspaceSettings.SystemId];

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind != PeerMessageKind.TreeRootsReply || !TreeRootsReply.TryRead(message.Body, out TreeRootsReply reply))
        {
            Write(to, message, message.Body);
            return;
        }
        var anew = new PeerBuffer();
        bool hasFloors = reply.Rest.Length % RootBytes != 0;
        reply.TryReadRest(hasFloors, out ulong floor, out ulong proven, out _);
        ByteWriter body = TreeRootsReply.Begin(
            anew, message.Partition, new TreeRootsMessage(reply.Operation, hasFloors), reply.Complete, new CopyFloor(floor, proven, proven));
        Shard shard = host.Shards[host.Node.ShardOf(message.Partition)].Shard;
        foreach (byte keyspace in Keyspaces)
            WriteOwn(body, shard, keyspace, message.Partition);
        anew.End();
        Write(to, message, anew);
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
