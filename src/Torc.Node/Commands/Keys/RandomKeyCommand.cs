using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>
/// RANDOMKEY: from a random place of a random partition the next live key, going round the ring until one is found. Keys after
/// gaps are likelier than others, as in Redis.
/// </summary>
internal static class RandomKeyCommand
{
    private const int RangeBudget = 16;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "randomkey", Arity = 1, Kind = CommandKind.Plan, MakePlan = static () => new Plan(),
            Flags = CommandFlags.ReadOnly, Categories = CategoryNames.KeyspaceReadSlow,
            Since = "1.0.0", Summary = "Returns a random key name from the whole cluster.",
            Complexity = "O(1) when most partitions have keys, at most O(P) where P is the number of partitions",
        },
    ];

    private sealed class Plan : CommandPlan
    {
        private int _partition;

        /// <summary>Turns to another partition; the first one is visited again at the end, from its beginning.</summary>
        private int _turns;

        public override void Start(PlanContext context)
        {
            SeededRandom random = context.Session.Random;
            _partition = random.Below(context.Session.View.Map!.PartitionCount);
            ScanRequests.Issue(context, _partition, random.Next(), RangeBudget);
        }

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
            {
                context.Reply.Write(reply);
                context.Finish();
                return;
            }
            var reader = new ReplyReader(reply);
            int keys = reader.ArrayHeader() - 1;
            ulong end = reader.BulkNumber();
            if (keys > 0)
                Answer(context, ref reader, keys);
            else
                GoOn(context, end);
        }

        private static void Answer(PlanContext context, scoped ref ReplyReader reader, int keys)
        {
            for (int skipped = context.Session.Random.Below(keys); skipped > 0; skipped--)
                reader.Bulk();
            context.Reply.Bulk(reader.Bulk());
            context.Finish();
        }

        private void GoOn(PlanContext context, ulong end)
        {
            int partitions = context.Session.View.Map!.PartitionCount;
            if (end == 0 && _turns++ == partitions)
            {
                context.Reply.Null(context.Call.Protocol);
                context.Finish();
                return;
            }
            if (end == 0)
                _partition = (_partition + 1) % partitions;
            ScanRequests.Issue(context, _partition, end, RangeBudget);
        }
    }
}
