using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>MGET, MSET, MSETNX: one request per key, whatever slots they are in.</summary>
internal static class MultiStringCommands
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "mget", Arity = -2, Kind = CommandKind.Plan, MakePlan = static () => new ManyGets(),
            Flags = CommandFlags.ReadOnly | CommandFlags.Fast, Keys = KeyPositions.All, Categories = CategoryNames.StringRead,
            Group = "string", Since = "1.0.0", Syntax = "key [key ...]", Complexity = "O(N) where N is the number of keys",
            Summary = "Returns the string values of one or more keys. Each key is read by itself: the values need not have been there at one moment.",
        },
        new()
        {
            Name = "mset", Arity = -3, Kind = CommandKind.Plan, MakePlan = static () => new ManySets(), Check = CheckPairs,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = new KeyPositions(1, -1, 2), Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "1.0.1", Syntax = "key value [key value ...]", Complexity = "O(N) where N is the number of keys",
            Summary = "Sets the string values of one or more keys, each key by itself: not atomic across keys. TIMEOUT: some keys may be set and others not.",
        },
        new()
        {
            Name = "msetnx", Arity = -3, Kind = CommandKind.Plan, MakePlan = static () => new ManySetsOfMissing(), Check = CheckPairs,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = new KeyPositions(1, -1, 2), Categories = CategoryNames.StringWriteSlow,
            Group = "string", Since = "1.0.1", Syntax = "key value [key value ...]", Complexity = "O(N) where N is the number of keys",
            Summary = "Sets the string values of one or more keys when none of them exists. Looks at all keys first, then sets each one only if it is "
                + "still missing: no existing key is ever overwritten, but when another client creates one of the keys in between, the answer is 0 and "
                + "the others may be set.",
        },
    ];

    private static bool CheckPairs(Request request, ByteWriter reply)
    {
        if (request.Arguments.Count % 2 == 1)
            return true;
        reply.Error(CommandErrors.WrongArgumentCount(request.Spec));
        return false;
    }

    private sealed class ManyGets : KeysPlan
    {
        private PartReplies _values = null!;

        public override void Start(PlanContext context)
        {
            _values = new PartReplies(CountKeys(context.Arguments));
            base.Start(context);
        }

        protected override int CountKeys(CommandBuffer arguments) => arguments.Count - 1;

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest("get");
            request.Arguments.Add(context.Arguments[part + 1]);
            context.Issue(request);
        }

        /// <summary>A key of another kind has no string, says MGET.</summary>
        protected override bool Excuses(ReadOnlySpan<byte> reply) => reply.StartsWith("-WRONGTYPE"u8);

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply) => _values.Set(part, reply);

        protected override void OnAllDone(PlanContext context)
        {
            context.Reply.ArrayHeader(Done);
            for (int part = 0; part < Done; part++)
            {
                if (ReplyReader.IsError(_values[part]))
                    context.Reply.Null(context.Call.Protocol);
                else
                    context.Reply.Write(_values[part]);
            }
            _values.Release();
            context.Finish();
        }
    }

    private sealed class ManySets : KeysPlan
    {
        protected override int CountKeys(CommandBuffer arguments) => arguments.Count / 2;

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest("set");
            request.Arguments.Add(context.Arguments[1 + 2 * part]);
            request.Arguments.Add(context.Arguments[2 + 2 * part]);
            context.Issue(request);
        }

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
        }

        protected override void OnAllDone(PlanContext context)
        {
            context.Reply.Ok();
            context.Finish();
        }
    }

    private sealed class ManySetsOfMissing : PartsPlan
    {
        private readonly List<int> _pairs = [];
        private bool _isSetting;
        private long _hits;

        public override void Start(PlanContext context)
        {
            KeepLastOfEachKey(context.Arguments);
            Begin(context, _pairs.Count);
        }

        protected override void Issue(PlanContext context, int part)
        {
            int pair = _pairs[part];
            Request request = context.NewRequest(_isSetting ? "setnx" : "exists");
            request.Arguments.Add(context.Arguments[1 + 2 * pair]);
            if (_isSetting)
                request.Arguments.Add(context.Arguments[2 + 2 * pair]);
            context.Issue(request);
        }

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply) => _hits += ReplyReader.IntegerOf(reply);

        protected override void OnAllDone(PlanContext context)
        {
            if (!_isSetting && _hits == 0)
            {
                _isSetting = true;
                Begin(context, _pairs.Count);
                return;
            }
            context.Reply.Integer(_isSetting && _hits == _pairs.Count ? 1 : 0);
            context.Finish();
        }

        /// <summary>A key that is named twice gets its last value, as with MSET.</summary>
        private void KeepLastOfEachKey(CommandBuffer arguments)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int pair = arguments.Count / 2 - 1; pair >= 0; pair--)
            {
                if (seen.Add(Encoding.Latin1.GetString(arguments[1 + 2 * pair])))
                    _pairs.Add(pair);
            }
            _pairs.Reverse();
        }
    }
}
