using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>Commands that only Torc itself issues: parts of plans, and the deletion of expired keys.</summary>
public static class InternalCommands
{
    /// <summary><c>torc.count partition-of-a-keyspace</c>: live keys of one partition, as this replica counts them.</summary>
    public const string Count = "torc.count";

    /// <summary><c>torc.scan from budget</c>: see ScanOperation.</summary>
    public const string Scan = "torc.scan";

    /// <summary><c>torc.flush keyspace-byte</c> in the system keyspace: raises a floor.</summary>
    public const string Flush = "torc.flush";

    /// <summary><c>torc.expire key</c>: deletes the key if it is expired.</summary>
    public const string Expire = "torc.expire";

    /// <summary><c>torc.row key</c>: the live row's [type, value, deadline in ms], or null: what RENAME and COPY move.</summary>
    public const string Row = "torc.row";

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = Count, Arity = 1, Kind = CommandKind.PartitionCount, Flags = CommandFlags.Internal | CommandFlags.ReadOnly,
            Summary = "Live keys of one partition.",
        },
        new()
        {
            Name = Scan, Arity = 3, Kind = CommandKind.PartitionScan, Flags = CommandFlags.Internal | CommandFlags.ReadOnly,
            Summary = "A hash-ordered range of one partition's live keys.",
        },
        new()
        {
            Name = Flush, Arity = 2, Kind = CommandKind.PartitionFlush, Flags = CommandFlags.Internal | CommandFlags.Write,
            Summary = "Deletes everything in one partition of a keyspace.", OnWrite = OnFlush,
        },
        new()
        {
            Name = Expire, Arity = 2, Kind = CommandKind.ReadModifyWrite, Flags = CommandFlags.Internal | CommandFlags.Write,
            Keys = KeyPositions.One, Summary = "Deletes a key that has expired.", OnWrite = OnExpire,
        },
        new()
        {
            Name = Row, Arity = 2, Kind = CommandKind.Read, Flags = CommandFlags.Internal | CommandFlags.ReadOnly,
            Keys = KeyPositions.One, Summary = "A live row with its deadline.", OnRead = OnRow,
        },
    ];

    private static void OnFlush(ref WriteContext context)
    {
        context.Delete();
        context.Reply.SimpleString("OK"u8);
    }

    private static void OnExpire(ref WriteContext context)
    {
        bool expired = context.Row.IsExpired(context.Now.WallMs);
        if (expired)
            context.CollapseExpired();
        context.Reply.Integer(expired ? 1 : 0);
    }

    private static void OnRow(in ReadContext context)
    {
        if (!context.IsLive)
        {
            context.Reply.NullArray(context.Request.Protocol);
            return;
        }
        context.Reply.ArrayHeader(3);
        context.Reply.Bulk(((int)context.Row.Kind).ToString(System.Globalization.CultureInfo.InvariantCulture));
        context.Reply.Bulk(context.Row.StringValue);
        context.Reply.BulkInteger(context.Row.DeadlineMs);
    }
}
