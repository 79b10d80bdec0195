using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>KEYS: every key of the cluster that matches, in one reply of bounded size.</summary>
internal static class KeysCommand
{
    /// <summary>A longer reply is refused: the whole of it is held in memory.</summary>
    public const int ReplyBytesMax = 64 * 1024 * 1024;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "keys", Arity = 2, Kind = CommandKind.Plan, MakePlan = static () => new Plan(),
            Flags = CommandFlags.ReadOnly, Categories = CategoryNames.KeyspaceDangerous,
            Since = "1.0.0", Syntax = "pattern", Complexity = "O(N) with N being the number of keys in the cluster",
            Summary = "Returns all key names of the whole cluster that match a pattern, each once. A reply over 64 MiB is refused; SCAN has no limit.",
        },
    ];

    private sealed class Plan : PartitionWalk
    {
        private readonly ByteWriter _keys = new();
        private int _found;

        public override void Start(PlanContext context) => Begin(context, 0, context.Session.View.Map!.PartitionCount);

        protected override void OnKey(PlanContext context, ReadOnlySpan<byte> key)
        {
            if (!GlobPattern.Matches(context.Arguments[1], key))
                return;
            _keys.Bulk(key);
            _found++;
            if (_keys.Length <= ReplyBytesMax)
                return;
            context.Reply.Error($"ERR the reply is over the limit of {ReplyBytesMax} bytes: use SCAN");
            context.Finish();
        }

        protected override void OnEnd(PlanContext context)
        {
            context.Reply.ArrayHeader(_found);
            context.Reply.Write(_keys.Written);
            _keys.Dispose();
        }
    }
}
