using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>SET and the commands that are SET in other words. A plain SET does not read the key, so any whole replica may run it.</summary>
internal static class SetCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "set", Arity = -3, Kind = CommandKind.Write, KindFor = SetKind, Check = CheckSet, OnWrite = OnSet,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = KeyPositions.One, Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "1.0.0",
            Syntax = "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
            Summary = "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
        },
        new()
        {
            Name = "setnx", Arity = 3, Kind = CommandKind.ReadModifyWrite, OnWrite = OnSetNx,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringWrite,
            Group = "string", Since = "1.0.0", Syntax = "key value",
            Summary = "Sets the string value of a key only when the key doesn't exist.",
        },
        new()
        {
            Name = "setex", Arity = 4, Kind = CommandKind.Write, OnWrite = OnSetEx,
            Check = static (request, reply) => ExpiryOption.CheckPositive(request, 2, ExpiryUnit.Seconds, reply),
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = KeyPositions.One, Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "2.0.0", Syntax = "key seconds value",
            Summary = "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
        },
        new()
        {
            Name = "psetex", Arity = 4, Kind = CommandKind.Write, OnWrite = OnPsetEx,
            Check = static (request, reply) => ExpiryOption.CheckPositive(request, 2, ExpiryUnit.Milliseconds, reply),
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = KeyPositions.One, Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "2.6.0", Syntax = "key milliseconds value",
            Summary = "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
        },
        new()
        {
            Name = "getset", Arity = 3, Kind = CommandKind.ReadModifyWrite, OnWrite = OnGetSet,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.Fast, Keys = KeyPositions.One, Categories = CategoryNames.StringWrite,
            Group = "string", Since = "1.0.0", Syntax = "key value",
            Summary = "Returns the previous string value of a key after setting it to a new value.",
        },
    ];

    private static CommandKind SetKind(CommandBuffer arguments)
    {
        if (arguments.Count == 3)
            return CommandKind.Write;
        bool valid = StringOptions.TryParse(arguments, 3, forGetEx: false, out StringOptions options);
        return valid && options.NeedsOldValue ? CommandKind.ReadModifyWrite : CommandKind.Write;
    }

    private static bool CheckSet(Request request, ByteWriter reply)
    {
        if (request.Arguments.Count == 3)
            return true;
        if (!StringOptions.TryParse(request.Arguments, 3, forGetEx: false, out StringOptions options))
        {
            reply.Error(CommandErrors.Syntax);
            return false;
        }
        return !options.HasExpiry || ExpiryOption.CheckPositive(request, options.ExpiryIndex, options.Unit, reply);
    }

    private static void OnSet(ref WriteContext context)
    {
        CommandBuffer arguments = context.Arguments;
        if (arguments.Count == 3)
        {
            context.SetString(arguments[2], 0);
            context.Reply.Ok();
            return;
        }
        var options = StringOptions.Of(arguments, 3, forGetEx: false);
        if (!options.NeedsOldValue)
        {
            context.SetString(arguments[2], options.DeadlineMs(arguments, context.Now));
            context.Reply.Ok();
            return;
        }
        if (options.Get && !StringRow.ReplyValue(context.Row, context.IsLive, context.Request, context.Reply))
            return;
        bool refused = options.IfMissing ? context.IsLive : options.IfPresent && !context.IsLive;
        if (!refused)
        {
            long kept = options.KeepExpiry && context.IsLive ? context.Row.DeadlineMs : 0;
            context.SetString(arguments[2], options.HasExpiry ? options.DeadlineMs(arguments, context.Now) : kept);
        }
        if (options.Get)
            return;
        if (refused)
            context.Reply.Null(context.Request.Protocol);
        else
            context.Reply.Ok();
    }

    private static void OnSetNx(ref WriteContext context)
    {
        if (!context.IsLive)
            context.SetString(context.Arguments[2], 0);
        context.Reply.Integer(context.IsLive ? 0 : 1);
    }

    private static void OnSetEx(ref WriteContext context) => SetWithExpiry(ref context, ExpiryUnit.Seconds);

    private static void OnPsetEx(ref WriteContext context) => SetWithExpiry(ref context, ExpiryUnit.Milliseconds);

    private static void SetWithExpiry(ref WriteContext context, ExpiryUnit unit)
    {
        context.SetString(context.Arguments[3], ExpiryOption.DeadlineOf(context.Arguments, 2, unit, context.Now));
        context.Reply.Ok();
    }

    private static void OnGetSet(ref WriteContext context)
    {
        if (StringRow.ReplyValue(context.Row, context.IsLive, context.Request, context.Reply))
            context.SetString(context.Arguments[2], 0);
    }
}
