using System.Buffers.Text;
using System.Globalization;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>Commands that only Torc itself issues: parts of plans, and the deletion of expired keys.</summary>
public static class InternalCommands
{
    /// <summary>
    /// <c>torc.count</c>: live keys of one partition of the request's keyspace, as this replica counts them. <c>torc.count all</c>: an
    /// array, for each keyspace its live keys and how many of them have a deadline.
    /// </summary>
    public const string Count = "torc.count";

    /// <summary><c>torc.scan from budget [kind]</c>: see ScanOperation.</summary>
    public const string Scan = "torc.scan";

    /// <summary><c>torc.flush keyspace-byte</c> in the system keyspace: raises a floor.</summary>
    public const string Flush = "torc.flush";

    /// <summary><c>torc.expire key</c>: deletes the key if it is expired.</summary>
    public const string Expire = "torc.expire";

    /// <summary>
    /// <c>torc.row key</c>: the live row's [kind, value, deadline in ms, stamp, actor] as strings, or null: what RENAME and COPY move.
    /// </summary>
    public const string Row = "torc.row";

    /// <summary><c>torc.remove key stamp actor</c>: deletes the key if it still holds the row of that version; 1 when it did.</summary>
    public const string Remove = "torc.remove";

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = Count, Arity = -1, Kind = CommandKind.PartitionCount, Flags = CommandFlags.Internal | CommandFlags.ReadOnly,
            Summary = "Live keys of one partition.",
        },
        new()
        {
            Name = Scan, Arity = -3, Kind = CommandKind.PartitionScan, Flags = CommandFlags.Internal | CommandFlags.ReadOnly,
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
            Keys = KeyPositions.One, Summary = "A live row with its deadline and version.", OnRead = OnRow,
        },
        new()
        {
            Name = Remove, Arity = 4, Kind = CommandKind.ReadModifyWrite, Flags = CommandFlags.Internal | CommandFlags.Write,
            Keys = KeyPositions.One, Summary = "Deletes a key that has not changed.", OnWrite = OnRemove,
        },
    ];

    private static void OnFlush(ref WriteContext context)
    {
        context.Delete();
        context.Reply.Ok();
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
        context.Reply.ArrayHeader(5);
        context.Reply.BulkInteger((int)context.Row.Kind);
        context.Reply.Bulk(context.Row.StringValue);
        context.Reply.BulkInteger(context.Row.DeadlineMs);
        context.Reply.Bulk(Number(context.Row.MaxVersion.Stamp));
        context.Reply.Bulk(Number(context.Row.MaxVersion.ActorValue));
    }

    private static void OnRemove(ref WriteContext context)
    {
        bool valid = Utf8Parser.TryParse(context.Arguments[2], out ulong stamp, out _);
        valid &= Utf8Parser.TryParse(context.Arguments[3], out ulong actor, out _);
        bool unchanged = valid && context.Row.MaxVersion == new Version(stamp, actor);
        if (unchanged && context.IsLive)
            context.Delete();
        context.Reply.Integer(unchanged ? 1 : 0);
    }

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
