using Torc.Core.Cells;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>Whether keys are there, what they hold, and deleting them. With several keys: one request per key, added up.</summary>
internal static class ExistenceCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        Deleting("del", "1.0.0", CategoryNames.KeyspaceWriteSlow, CommandFlags.Write, "Deletes one or more keys, each by itself."),
        Deleting("unlink", "4.0.0", CategoryNames.KeyspaceWrite, CommandFlags.Write | CommandFlags.Fast,
            "Deletes one or more keys, each by itself. The same as DEL: memory is never freed while a command waits."),
        Counting("exists", "1.0.0", "Determines whether one or more keys exist."),
        Counting("touch", "3.2.1", "Returns the number of existing keys out of those specified. Keys are not evicted here, so nothing else changes."),
        new()
        {
            Name = "type", Arity = 2, Kind = CommandKind.Read, OnRead = OnType,
            Flags = CommandFlags.ReadOnly | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.KeyspaceRead,
            Since = "1.0.0", Syntax = "key", Summary = "Determines the type of value stored at a key.",
        },
    ];

    /// <summary>Names of kinds as TYPE answers and SCAN TYPE takes them; by the kind's number.</summary>
    public static readonly IReadOnlyList<string> KindNames = ["none", "string", "hash", "set", "zset", "list", "counter", "stream"];

    private static CommandSpec Deleting(string name, string since, IReadOnlyList<string> categories, CommandFlags flags, string summary) => new()
    {
        Name = name,
        Arity = -2,
        Kind = CommandKind.ReadModifyWrite,
        KindFor = static arguments => arguments.Count == 2 ? CommandKind.ReadModifyWrite : CommandKind.Plan,
        OnWrite = OnDelete,
        MakePlan = static () => new KeySum(),
        Flags = flags,
        Keys = KeyPositions.All,
        Categories = categories,
        Since = since,
        Syntax = "key [key ...]",
        Complexity = "O(N) where N is the number of keys",
        Summary = summary,
    };

    private static CommandSpec Counting(string name, string since, string summary) => new()
    {
        Name = name,
        Arity = -2,
        Kind = CommandKind.Read,
        KindFor = static arguments => arguments.Count == 2 ? CommandKind.Read : CommandKind.Plan,
        OnRead = OnExists,
        MakePlan = static () => new KeySum(),
        Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = KeyPositions.All,
        Categories = CategoryNames.KeyspaceRead,
        Since = since,
        Syntax = "key [key ...]",
        Complexity = "O(N) where N is the number of keys",
        Summary = summary,
    };

    private static void OnDelete(ref WriteContext context)
    {
        if (context.IsLive)
            context.Delete();
        context.Reply.Integer(context.IsLive ? 1 : 0);
    }

    private static void OnExists(in ReadContext context) => context.Reply.Integer(context.IsLive ? 1 : 0);

    private static void OnType(in ReadContext context) =>
        context.Reply.SimpleString(KindNames[(int)(context.IsLive ? context.Row.Kind : RowKind.None)]);

    /// <summary>The same command for each key by itself; the sum of what they answer.</summary>
    private sealed class KeySum : KeysPlan
    {
        private long _sum;

        protected override int CountKeys(CommandBuffer arguments) => arguments.Count - 1;

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest(context.Call.Spec.Name);
            request.Arguments.Add(context.Arguments[part + 1]);
            context.Issue(request);
        }

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply) => _sum += ReplyReader.IntegerOf(reply);

        protected override void OnAllDone(PlanContext context)
        {
            context.Reply.Integer(_sum);
            context.Finish();
        }
    }
}
