using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>
/// RENAME and RENAMENX: read the source at quorum, write the destination with its deadline, then delete the source if it still
/// holds what was read. A source that changed meanwhile is moved again, so that no write to it is lost.
/// </summary>
internal static class RenameCommands
{
    /// <summary>A source that changes faster than this is not moved.</summary>
    public const int AttemptsMax = 8;

    private const string Promise =
        " Not atomic: the destination is written, with the time to live, before the source is deleted, so that the value is never missing from both; "
        + "for a moment both exist. A source written meanwhile is moved again. TIMEOUT: the destination may be written and the source still there.";

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "rename", Arity = 3, Kind = CommandKind.Plan, MakePlan = static () => new Plan(),
            Flags = CommandFlags.Write, Keys = new KeyPositions(1, 2, 1), Categories = CategoryNames.KeyspaceWriteSlow,
            Since = "1.0.0", Syntax = "key newkey", Summary = "Renames a key and overwrites the destination." + Promise,
        },
        new()
        {
            Name = "renamenx", Arity = 3, Kind = CommandKind.Plan, MakePlan = static () => new Plan(),
            Flags = CommandFlags.Write | CommandFlags.Fast, Keys = new KeyPositions(1, 2, 1), Categories = CategoryNames.KeyspaceWrite,
            Since = "1.0.0", Syntax = "key newkey", Summary = "Renames a key only when the target key name doesn't exist." + Promise,
        },
    ];

    private enum Step
    {
        ReadSource,
        WriteDestination,
        DeleteSource,
    }

    private sealed class Plan : CommandPlan
    {
        private readonly MovedRow _row = new();
        private Step _step = Step.ReadSource;
        private int _attempts;

        public override void Start(PlanContext context) => MovedRow.Ask(context, context.Arguments[1]);

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
            {
                Fail(context, reply);
                return;
            }
            switch (_step)
            {
                case Step.ReadSource:
                    OnSource(context, reply);
                    break;
                case Step.WriteDestination when ReplyReader.IsNull(reply):
                    Finish(context, 0);
                    break;
                case Step.WriteDestination:
                    _step = Step.DeleteSource;
                    _row.Remove(context, context.Arguments[1]);
                    break;
                case Step.DeleteSource when ReplyReader.IntegerOf(reply) == 1:
                    Finish(context, 1);
                    break;
                case Step.DeleteSource:
                    TryAgain(context);
                    break;
            }
        }

        private static bool OnlyIfMissing(PlanContext context) => context.Call.Spec.Name == "renamenx";

        private void OnSource(PlanContext context, ReadOnlySpan<byte> reply)
        {
            bool exists = _row.Take(reply);
            if (!exists && _attempts == 0)
            {
                context.Reply.Error(CommandErrors.NoSuchKey);
                context.Finish();
            }
            else if (!exists)
            {
                // Moved, and then deleted or expired at its old name by somebody else: the rename came first.
                Finish(context, 1);
            }
            else if (context.Arguments[1].SequenceEqual(context.Arguments[2]))
            {
                Finish(context, OnlyIfMissing(context) ? 0 : 1);
            }
            else
            {
                _step = Step.WriteDestination;
                _row.Put(context, context.Arguments[2], context.Call.Keyspace, OnlyIfMissing(context) && _attempts == 0);
            }
        }

        private void TryAgain(PlanContext context)
        {
            if (++_attempts == AttemptsMax)
            {
                context.Reply.Error($"TIMEOUT {context.Call.Spec.Name}: the destination is written, the source changed {AttemptsMax} times meanwhile and is still there");
                context.Finish();
                return;
            }
            _step = Step.ReadSource;
            MovedRow.Ask(context, context.Arguments[1]);
        }

        private void Fail(PlanContext context, ReadOnlySpan<byte> reply)
        {
            bool written = _step == Step.DeleteSource || _attempts > 0;
            if (written)
                context.Reply.Error($"TIMEOUT {context.Call.Spec.Name}: the destination is written, the source may still be there: {ReplyReader.ErrorText(reply).Text()}");
            else
                context.Reply.Write(reply);
            context.Finish();
        }

        private static void Finish(PlanContext context, int moved)
        {
            if (OnlyIfMissing(context))
                context.Reply.Integer(moved);
            else
                context.Reply.Ok();
            context.Finish();
        }
    }
}
