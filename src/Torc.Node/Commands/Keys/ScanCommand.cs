using System.Globalization;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>
/// SCAN over the whole cluster, partition after partition, each in order of hash. A partition that is nearly empty would
/// cost a round trip for nothing, so more are asked at once the longer nothing is found; their answers are taken in order.
/// </summary>
internal static class ScanCommand
{
    public const int CountDefault = 10;

    /// <summary>Partitions asked at once.</summary>
    private const int WindowMax = 32;

    /// <summary>A call over empty partitions ends here, with a cursor.</summary>
    private const int PartitionsPerCallMax = 1_024;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "scan", Arity = -2, Kind = CommandKind.Plan, MakePlan = static () => new Plan(), Check = CheckOptions,
            Flags = CommandFlags.ReadOnly, Categories = CategoryNames.KeyspaceReadSlow,
            Since = "2.8.0", Syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
            Complexity = "O(count) for every call. O(N) for a complete iteration, where N is the number of keys in the cluster.",
            Summary = "Iterates over the key names of the whole cluster, whichever node is asked; calls of one iteration may go to different nodes. "
                + "A key that is there all the time is returned exactly once.",
        },
    ];

    private ref struct Options
    {
        public ulong Cursor;
        public int Count;
        public bool HasPattern;
        public ReadOnlySpan<byte> Pattern;
        public int? Kind;
    }

    private static bool CheckOptions(Request request, ByteWriter reply)
    {
        ReadOnlySpan<byte> error = TryParse(request.Arguments, out _);
        if (!error.IsEmpty)
            reply.Error(error);
        return error.IsEmpty;
    }

    /// <summary>The error in the options, empty when there is none.</summary>
    private static ReadOnlySpan<byte> TryParse(CommandBuffer arguments, out Options options)
    {
        options = new Options { Count = CountDefault };
        bool isNumber = ulong.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out options.Cursor);
        if (!isNumber)
            return "ERR invalid cursor"u8;
        for (int i = 2; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count)
                return CommandErrors.Syntax;
            ReadOnlySpan<byte> value = arguments[i + 1];
            if (arguments[i].Is("COUNT"u8))
            {
                if (!ArgumentText.TryInteger(value, out long count))
                    return CommandErrors.NotInteger;
                if (count < 1)
                    return CommandErrors.Syntax;
                options.Count = (int)Math.Min(count, ScanRequests.BudgetMax);
            }
            else if (arguments[i].Is("MATCH"u8))
            {
                options.HasPattern = true;
                options.Pattern = value;
            }
            else if (arguments[i].Is("TYPE"u8))
            {
                options.Kind = KindOf(value);
            }
            else
            {
                return CommandErrors.Syntax;
            }
        }
        return default;
    }

    /// <summary>A name that is no type matches no key, as in Redis 7.</summary>
    private static int KindOf(ReadOnlySpan<byte> name)
    {
        for (int kind = 1; kind < ExistenceCommands.KindNames.Count; kind++)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(name, ExistenceCommands.KindNames[kind]))
                return kind;
        }
        return -1;
    }

    private sealed class Plan : CommandPlan
    {
        private readonly ByteWriter _keys = new();
        private PartReplies _window = null!;
        private ScanCursor _next;
        private int _windowSize = 1;
        private int _firstPart;
        private int _budget;

        /// <summary>Records looked at, as far as the replies tell.</summary>
        private int _visited;
        private int _partitionsDone;
        private int _found;

        public override void Start(PlanContext context)
        {
            TryParse(context.Arguments, out Options options);
            _budget = options.Count;
            if (ScanCursor.TryDecode(options.Cursor, Partitions(context), out _next))
                IssueWindow(context);
            else
                Finish(context, 0);
        }

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
            {
                context.Reply.Write(reply);
                Release();
                context.Finish();
                return;
            }
            _window.Set(part - _firstPart, reply);
            if (context.Outstanding > 0)
                return;
            if (TakeWindow(context))
                IssueWindow(context);
        }

        private static int Partitions(PlanContext context) => context.Session.View.Map!.PartitionCount;

        private void IssueWindow(PlanContext context)
        {
            TryParse(context.Arguments, out Options options);
            int count = Math.Min(_windowSize, Partitions(context) - _next.Partition);
            _window = new PartReplies(count);
            for (int i = 0; i < count; i++)
            {
                int part = ScanRequests.Issue(context, _next.Partition + i, i == 0 ? _next.Hash : 0, _budget, options.Kind);
                if (i == 0)
                    _firstPart = part;
            }
            _windowSize = Math.Min(_windowSize * 2, WindowMax);
        }

        /// <summary>Takes what the window's partitions answered, in order; false when the call is finished.</summary>
        private bool TakeWindow(PlanContext context)
        {
            TryParse(context.Arguments, out Options options);
            int partitions = Partitions(context);
            int count = Math.Min(_window.Count, partitions - _next.Partition);
            bool wentOn = true;
            for (int i = 0; i < count && wentOn && _visited < options.Count; i++)
                wentOn = Take(context, _window[i], options);
            if (context.Finished)
                return false;
            _window.Release();
            if (_next.Partition == partitions)
                Finish(context, 0);
            else if (_visited >= options.Count || _partitionsDone >= PartitionsPerCallMax)
                Finish(context, _next.Encode());
            return !context.Finished;
        }

        /// <summary>Takes one partition's range up to an end that a cursor can name; true when the partition is finished.</summary>
        private bool Take(PlanContext context, ReadOnlySpan<byte> reply, in Options options)
        {
            var reader = new ReplyReader(reply);
            int keys = reader.ArrayHeader() - 1;
            ulong end = reader.BulkNumber();
            ulong aligned = ScanCursor.Align(end);
            if (end != 0 && aligned <= _next.Hash)
            {
                AskForMore(context);
                return false;
            }
            for (int i = 0; i < keys; i++)
            {
                ReadOnlySpan<byte> key = reader.Bulk();
                if (end == 0 || StableHash.Hash64(key) < aligned)
                    TakeKey(key, options);
            }
            _partitionsDone += end == 0 ? 1 : 0;
            // A range that does not finish its partition ended because the budget was spent, on keys or on what is left of deleted ones.
            _visited = end == 0 ? _visited + keys : Math.Max(_visited, options.Count);
            _next = end == 0 ? new ScanCursor(_next.Partition + 1, 0) : _next with { Hash = aligned };
            return end == 0;
        }

        private void TakeKey(ReadOnlySpan<byte> key, in Options options)
        {
            if (options.HasPattern && !GlobPattern.Matches(options.Pattern, key))
                return;
            _keys.Bulk(key);
            _found++;
        }

        /// <summary>The range is shorter than cursors can tell apart: more records are looked at at once.</summary>
        private void AskForMore(PlanContext context)
        {
            _windowSize = 1;
            if (_budget < ScanRequests.BudgetMax)
            {
                _budget = Math.Min(_budget * 2, ScanRequests.BudgetMax);
                return;
            }
            context.Reply.Error("ERR more keys than one SCAN may look at have nearly the same hash; KEYS finds them"u8);
            Release();
            context.Finish();
        }

        private void Finish(PlanContext context, ulong cursor)
        {
            context.Reply.ArrayHeader(2);
            context.Reply.Bulk(cursor.ToString(CultureInfo.InvariantCulture));
            context.Reply.ArrayHeader(_found);
            context.Reply.Write(_keys.Written);
            _keys.Dispose();
            context.Finish();
        }

        private void Release()
        {
            _window.Release();
            _keys.Dispose();
        }
    }
}
