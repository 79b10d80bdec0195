using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>Commands that answer a string or a part of it, some of them changing its life on the way.</summary>
internal static class GetCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "get", Arity = 2, Kind = CommandKind.Read, OnRead = OnGet,
            Flags = CommandFlags.ReadOnly | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringRead,
            Group = "string", Since = "1.0.0", Syntax = "key", Summary = "Returns the string value of a key.",
        },
        new()
        {
            Name = "getdel", Arity = 2, Kind = CommandKind.ReadModifyWrite, OnWrite = OnGetDel,
            Flags = CommandFlags.Write | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringWrite,
            Group = "string", Since = "6.2.0", Syntax = "key", Summary = "Returns the string value of a key after deleting the key.",
        },
        new()
        {
            Name = "getex", Arity = -2, Kind = CommandKind.ReadModifyWrite, KindFor = GetExKind, Check = CheckGetEx, OnRead = OnGet, OnWrite = OnGetEx,
            Flags = CommandFlags.Write | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringWrite,
            Group = "string", Since = "6.2.0",
            Syntax = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
            Summary = "Returns the string value of a key after setting its expiration time.",
        },
        new()
        {
            Name = "strlen", Arity = 2, Kind = CommandKind.Read, OnRead = OnStrLen,
            Flags = CommandFlags.ReadOnly | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringRead,
            Group = "string", Since = "2.2.0", Syntax = "key", Summary = "Returns the length of a string value.",
        },
        Range("getrange", "2.4.0", "Returns a substring of the string stored at a key."),
        Range("substr", "1.0.0", "Returns a substring from a string value."),
    ];

    private static CommandSpec Range(string name, string since, string summary) => new()
    {
        Name = name,
        Arity = 4,
        Kind = CommandKind.Read,
        OnRead = OnGetRange,
        Check = CheckRange,
        Flags = CommandFlags.ReadOnly,
        Keys = KeyPositions.One,
        Categories = CategoryNames.StringReadSlow,
        Group = "string",
        Since = since,
        Syntax = "key start end",
        Complexity = "O(N) where N is the length of the returned string",
        Summary = summary,
    };

    private static void OnGet(in ReadContext context) => StringRow.ReplyValue(context.Row, context.IsLive, context.Request, context.Reply);

    private static void OnStrLen(in ReadContext context)
    {
        if (StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> value))
            context.Reply.Integer(value.Length);
    }

    private static bool CheckRange(Request request, ByteWriter reply)
    {
        bool valid = ArgumentText.TryInteger(request.Arguments[2], out _) && ArgumentText.TryInteger(request.Arguments[3], out _);
        if (!valid)
            reply.Error(CommandErrors.NotInteger);
        return valid;
    }

    private static void OnGetRange(in ReadContext context)
    {
        if (!StringRow.TryValue(context.Row, context.IsLive, context.Reply, out ReadOnlySpan<byte> value))
            return;
        long start = ArgumentText.Integer(context.Arguments[2]);
        long end = ArgumentText.Integer(context.Arguments[3]);
        // Redis asks for the order of two negative positions before it clamps them, and so is empty for some that would clamp to one byte.
        bool empty = value.IsEmpty || (start < 0 && end < 0 && start > end);
        start = Math.Max(start < 0 ? start + value.Length : start, 0);
        end = Math.Max(end < 0 ? end + value.Length : end, 0);
        end = Math.Min(end, value.Length - 1);
        if (empty || start > end)
            context.Reply.Bulk(""u8);
        else
            context.Reply.Bulk(value[(int)start..((int)end + 1)]);
    }

    private static void OnGetDel(ref WriteContext context)
    {
        if (StringRow.ReplyValue(context.Row, context.IsLive, context.Request, context.Reply) && context.IsLive)
            context.Delete();
    }

    private static CommandKind GetExKind(CommandBuffer arguments) =>
        arguments.Count == 2 ? CommandKind.Read : CommandKind.ReadModifyWrite;

    private static bool CheckGetEx(Request request, ByteWriter reply)
    {
        if (StringOptions.TryParse(request.Arguments, 2, forGetEx: true, out StringOptions options))
            return !options.HasExpiry || ExpiryOption.CheckPositive(request, options.ExpiryIndex, options.Unit, reply);
        reply.Error(CommandErrors.Syntax);
        return false;
    }

    private static void OnGetEx(ref WriteContext context)
    {
        if (!StringRow.ReplyValue(context.Row, context.IsLive, context.Request, context.Reply) || !context.IsLive)
            return;
        var options = StringOptions.Of(context.Arguments, 2, forGetEx: true);
        long deadline = options.DeadlineMs(context.Arguments, context.Now);
        if (options.HasExpiry && deadline <= context.Now.WallMs)
            context.Delete();
        else if (options.HasExpiry || context.Row.HasDeadline)
            context.SetDeadline(deadline);
    }
}
