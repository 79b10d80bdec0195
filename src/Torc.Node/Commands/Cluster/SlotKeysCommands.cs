using Torc.Core.Placement;
using Torc.Node.Commands.Keys;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Cluster;

/// <summary>CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT: a walk over the slot's partition, from whichever node.</summary>
internal static class SlotKeysCommands
{
    private const int KeysMax = 1_000_000;

    public static IEnumerable<CommandSpec> Specs =>
    [
        Make("countkeysinslot", 3, "slot", "Returns the number of keys in a hash slot, in the whole cluster."),
        Make("getkeysinslot", 4, "slot count", "Returns key names in a hash slot, from the whole cluster."),
    ];

    private static CommandSpec Make(string name, int arity, string syntax, string summary) => new()
    {
        Name = "cluster|" + name,
        Arity = arity,
        Kind = CommandKind.Plan,
        MakePlan = static () => new Plan(),
        Check = CheckArguments,
        Flags = CommandFlags.ReadOnly,
        Categories = CategoryNames.Slow,
        Group = "cluster",
        Since = "3.0.0",
        Syntax = syntax,
        Complexity = "O(N) where N is the number of keys in the slot's partition",
        Summary = summary,
    };

    private static bool CheckArguments(Request request, ByteWriter reply)
    {
        CommandBuffer arguments = request.Arguments;
        long count = 0;
        bool numbers = ArgumentText.TryInteger(arguments[2], out long slot) && (arguments.Count == 3 || ArgumentText.TryInteger(arguments[3], out count));
        if (!numbers)
            reply.Error(CommandErrors.NotInteger);
        else if (slot is < 0 or >= Slots.Count)
            reply.Error("ERR Invalid slot"u8);
        else if (count is < 0 or > KeysMax)
            reply.Error("ERR Invalid number of keys"u8);
        else
            return true;
        return false;
    }

    private sealed class Plan : PartitionWalk
    {
        private readonly ByteWriter _keys = new();
        private int _slot;
        private long _wanted;
        private int _found;

        public override void Start(PlanContext context)
        {
            _slot = (int)ArgumentText.Integer(context.Arguments[2]);
            _wanted = context.Arguments.Count > 3 ? ArgumentText.Integer(context.Arguments[3]) : long.MaxValue;
            int partition = context.Session.View.Map!.PartitionOf(_slot);
            Begin(context, partition, partition + 1);
        }

        protected override void OnKey(PlanContext context, ReadOnlySpan<byte> key)
        {
            if (Slots.Of(key) != _slot || _found >= _wanted)
                return;
            _found++;
            if (_wanted != long.MaxValue)
                _keys.Bulk(key);
        }

        protected override void OnEnd(PlanContext context)
        {
            if (_wanted == long.MaxValue)
            {
                context.Reply.Integer(_found);
                return;
            }
            context.Reply.ArrayHeader(_found);
            context.Reply.Write(_keys.Written);
            _keys.Dispose();
        }
    }
}
