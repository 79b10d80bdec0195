using Torc.Core.Placement;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>DBSIZE and FLUSHDB, FLUSHALL: one small request per partition of the cluster, whichever node is asked.</summary>
internal static class KeyspaceCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "dbsize", Arity = 1, Kind = CommandKind.Plan, MakePlan = static () => new Size(),
            Flags = CommandFlags.ReadOnly | CommandFlags.Fast, Categories = CategoryNames.KeyspaceRead, Group = "server",
            Since = "1.0.0", Complexity = "O(P) where P is the number of partitions",
            Summary = "Returns the number of keys in the whole cluster, each counted once. Every partition is counted by one replica, so writes that are "
                + "under way, and expired keys that nobody has asked for yet, may be in or out.",
        },
        Flush("flushdb", "Removes all keys from the current keyspace of the whole cluster."),
        Flush("flushall", "Removes all keys from all keyspaces of the whole cluster."),
    ];

    private static CommandSpec Flush(string name, string summary) => new()
    {
        Name = name,
        Arity = -1,
        Kind = CommandKind.Plan,
        MakePlan = static () => new FlushPlan(),
        Check = CheckFlush,
        Flags = CommandFlags.Write,
        Categories = CategoryNames.Flush,
        Group = "server",
        Since = "1.0.0",
        Syntax = "[ASYNC | SYNC]",
        Complexity = "O(P) where P is the number of partitions",
        Summary = summary + " Each partition by itself: everything written before is deleted, a write that is under way may stay. ASYNC and SYNC are the "
            + "same. TIMEOUT: some partitions may be emptied and others not; flushing again is harmless.",
    };

    private static bool CheckFlush(Request request, ByteWriter reply)
    {
        CommandBuffer arguments = request.Arguments;
        bool valid = arguments.Count == 1 || (arguments.Count == 2 && (arguments[1].Is("ASYNC"u8) || arguments[1].Is("SYNC"u8)));
        if (!valid)
            reply.Error(CommandErrors.Syntax);
        return valid;
    }

    private sealed class Size : PartsPlan
    {
        private long _keys;

        public override void Start(PlanContext context) => Begin(context, context.Session.View.Map!.PartitionCount);

        protected override void Issue(PlanContext context, int part) =>
            context.IssueToPartition(context.NewRequest(InternalCommands.Count), part);

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply) => _keys += ReplyReader.IntegerOf(reply);

        protected override void OnAllDone(PlanContext context)
        {
            context.Reply.Integer(_keys);
            context.Finish();
        }
    }

    private sealed class FlushPlan : PartsPlan
    {
        private int _partitions;
        private byte _firstKeyspace;

        public override void Start(PlanContext context)
        {
            bool all = context.Call.Spec.Name == "flushall";
            _partitions = context.Session.View.Map!.PartitionCount;
            _firstKeyspace = all ? (byte)0 : context.Call.Keyspace;
            Begin(context, all ? _partitions * KeyspaceSettings.UserKeyspacesMax : _partitions);
        }

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest(InternalCommands.Flush);
            request.Keyspace = KeyspaceSettings.SystemId;
            request.Arguments.Add([(byte)(_firstKeyspace + part / _partitions)]);
            context.IssueToPartition(request, part % _partitions);
        }

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
        }

        protected override void OnAllDone(PlanContext context)
        {
            context.Reply.Ok();
            context.Finish();
        }
    }
}
