using Torc.Core.Placement;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Keys;

/// <summary>COPY: reads the source at quorum and writes the destination, in this keyspace or another.</summary>
internal static class CopyCommand
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "copy", Arity = -3, Kind = CommandKind.Plan, MakePlan = static () => new Plan(), Check = CheckOptions,
            Flags = CommandFlags.Write | CommandFlags.DenyOutOfMemory, Keys = new KeyPositions(1, 2, 1), Categories = CategoryNames.KeyspaceWriteSlow,
            Since = "6.2.0", Syntax = "source destination [DB destination-db] [REPLACE]", Complexity = "O(N) where N is the length of the value",
            Summary = "Copies the value of a key to a new key, with its time to live. Not atomic across the two keys: a write to the source "
                + "that is under way may be missing from the copy. Without REPLACE an existing destination is never overwritten.",
        },
    ];

    private struct Options
    {
        public byte Keyspace;
        public bool Replace;
    }

    private static bool CheckOptions(Request request, ByteWriter reply)
    {
        ReadOnlySpan<byte> error = TryParse(request, out Options options);
        if (error.IsEmpty && options.Keyspace == request.Keyspace && request.Arguments[1].SequenceEqual(request.Arguments[2]))
            error = "ERR source and destination objects are the same"u8;
        if (!error.IsEmpty)
            reply.Error(error);
        return error.IsEmpty;
    }

    /// <summary>The error in the options, empty when there is none.</summary>
    private static ReadOnlySpan<byte> TryParse(Request request, out Options options)
    {
        options = new Options { Keyspace = request.Keyspace };
        CommandBuffer arguments = request.Arguments;
        for (int i = 3; i < arguments.Count; i++)
        {
            if (arguments[i].Is("REPLACE"u8))
            {
                options.Replace = true;
                continue;
            }
            if (!arguments[i].Is("DB"u8) || i + 1 == arguments.Count)
                return CommandErrors.Syntax;
            if (!ArgumentText.TryInteger(arguments[++i], out long keyspace))
                return CommandErrors.NotInteger;
            if (keyspace is < 0 or >= KeyspaceSettings.UserKeyspacesMax)
                return CommandErrors.KeyspaceOutOfRange;
            options.Keyspace = (byte)keyspace;
        }
        return default;
    }

    private sealed class Plan : CommandPlan
    {
        private readonly MovedRow _row = new();
        private bool _isWriting;

        public override void Start(PlanContext context) => MovedRow.Ask(context, context.Arguments[1]);

        public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
                context.Reply.Write(reply);
            else if (_isWriting)
                context.Reply.Integer(ReplyReader.IsNull(reply) ? 0 : 1);
            else if (_row.Take(reply))
                Write(context);
            else
                context.Reply.Integer(0);
            if (context.Outstanding == 0)
                context.Finish();
        }

        private void Write(PlanContext context)
        {
            _isWriting = true;
            TryParse(context.Call, out Options options);
            _row.Put(context, context.Arguments[2], options.Keyspace, onlyIfMissing: !options.Replace);
        }
    }
}
