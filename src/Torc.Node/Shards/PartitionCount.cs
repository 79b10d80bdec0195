using Torc.Core.Placement;
using Torc.Node.Commands;
using Torc.Protocols.Resp;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>How many keys this node's copy of a partition has: of the request's keyspace, or, for its internal form, of each keyspace with and without deadline.</summary>
internal static class PartitionCount
{
    public static void Write(ShardStore store, Request request, ByteWriter reply)
    {
        if (request.Arguments.Count == 1)
        {
            reply.Integer(store.Counts(request.Keyspace, request.Partition).Live);
            return;
        }
        reply.ArrayHeader(2 * KeyspaceSettings.UserKeyspacesMax);
        for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
        {
            PartitionCounts counts = store.Counts(keyspace, request.Partition);
            reply.Integer(counts.Live);
            reply.Integer(counts.WithDeadline);
        }
    }
}
