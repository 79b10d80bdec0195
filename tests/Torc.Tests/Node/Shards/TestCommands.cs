using System.Globalization;
using System.Text;
using Torc.Node.Commands;
using Torc.Protocols.Resp;

namespace Torc.Tests.Node.Shards;

/// <summary>The least commands that exercise each kind of operation, so that these tests do not hang on the real families.</summary>
internal static class TestCommands
{
    public static CommandTable Table { get; } = new(
    [
        .. InternalCommands.Specs,
        new() { Name = "put", Arity = -3, Kind = CommandKind.Write, Flags = CommandFlags.Write, Keys = KeyPositions.One, Summary = "SET", OnWrite = Put },
        new() { Name = "see", Arity = 2, Kind = CommandKind.Read, Flags = CommandFlags.ReadOnly, Keys = KeyPositions.One, Summary = "GET", OnRead = See },
        new() { Name = "add", Arity = 2, Kind = CommandKind.ReadModifyWrite, Flags = CommandFlags.Write, Keys = KeyPositions.One, Summary = "INCR", OnWrite = Add },
        new() { Name = "prolong", Arity = 3, Kind = CommandKind.ReadModifyWrite, Flags = CommandFlags.Write, Keys = KeyPositions.One, Summary = "PEXPIREAT", OnWrite = Prolong },
        new() { Name = "drop", Arity = 2, Kind = CommandKind.ReadModifyWrite, Flags = CommandFlags.Write, Keys = KeyPositions.One, Summary = "DEL", OnWrite = Drop },
        new() { Name = "level", Arity = 3, Kind = CommandKind.Session, Summary = "TORC.CONSISTENCY", OnSession = Level },
        new() { Name = "wipe", Arity = 1, Kind = CommandKind.Plan, Flags = CommandFlags.Write, Summary = "FLUSHDB", MakePlan = () => new WipePlan() },
        new() { Name = "all", Arity = 1, Kind = CommandKind.Plan, Flags = CommandFlags.ReadOnly, Summary = "KEYS *", MakePlan = () => new AllPlan() },
    ]);

    private static void Put(ref WriteContext context)
    {
        long deadline = context.Arguments.Count > 3 ? long.Parse(Encoding.ASCII.GetString(context.Arguments[3]), CultureInfo.InvariantCulture) : 0;
        context.SetString(context.Arguments[2], deadline);
        context.Reply.SimpleString("OK"u8);
    }

    private static void See(in ReadContext context)
    {
        if (context.IsLive)
            context.Reply.SimpleString(context.Row.StringValue);
        else
            context.Reply.Null(RespProtocol.Resp3);
    }

    private static void Add(ref WriteContext context)
    {
        long old = context.IsLive ? long.Parse(Encoding.ASCII.GetString(context.Row.StringValue), CultureInfo.InvariantCulture) : 0;
        context.UpdateString(Encoding.ASCII.GetBytes((old + 1).ToString(CultureInfo.InvariantCulture)));
        context.Reply.Integer(old + 1);
    }

    private static void Prolong(ref WriteContext context)
    {
        context.Reply.Integer(context.IsLive ? 1 : 0);
        if (context.IsLive)
            context.SetDeadline(long.Parse(Encoding.ASCII.GetString(context.Arguments[2]), CultureInfo.InvariantCulture));
    }

    private static void Drop(ref WriteContext context)
    {
        context.Reply.Integer(context.IsLive ? 1 : 0);
        if (context.IsLive)
            context.Delete();
    }

    private static void Level(in SessionContext context)
    {
        context.Session.ReadLevel = (Torc.Core.Replication.ConsistencyLevel)(context.Arguments[1][0] - '0');
        context.Session.WriteLevel = (Torc.Core.Replication.ConsistencyLevel)(context.Arguments[2][0] - '0');
        context.Reply.SimpleString("OK"u8);
    }

    private sealed class WipePlan : CommandPlan
    {
        public override void Start(PlanContext context)
        {
            for (int partition = 0; partition < context.Session.View.Map!.PartitionCount; partition++)
            {
                Request flush = context.NewRequest(InternalCommands.Flush);
                flush.Arguments.Add([context.Call.Keyspace]);
                flush.Keyspace = Torc.Core.Placement.KeyspaceSettings.SystemId;
                context.IssueToPartition(flush, partition);
            }
        }

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (context.Outstanding > 0)
                return;
            context.Reply.SimpleString("OK"u8);
            context.Finish();
        }
    }

    private sealed class AllPlan : CommandPlan
    {
        private readonly List<string> _keys = [];

        public override void Start(PlanContext context)
        {
            for (int partition = 0; partition < context.Session.View.Map!.PartitionCount; partition++)
            {
                Request scan = context.NewRequest(InternalCommands.Scan);
                scan.Arguments.Add("0"u8);
                scan.Arguments.Add("10000"u8);
                context.IssueToPartition(scan, partition);
            }
        }

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            string[] lines = Encoding.ASCII.GetString(reply).Split("\r\n");
            _keys.AddRange(lines.Skip(4).Where((_, i) => i % 2 == 0 && lines.Length > 4 + i).Where(line => line.Length > 0));
            if (context.Outstanding > 0)
                return;
            context.Reply.SimpleString(string.Join(',', _keys.Order(StringComparer.Ordinal)));
            context.Finish();
        }
    }
}
