using System.Text;
using Torc.Core.Placement;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Server;

/// <summary>
/// INFO: this node's process, and for the section Keyspace the keys of the whole cluster, counted as DBSIZE counts them. That
/// section never fails the command: partitions that nobody counted are named.
/// </summary>
internal static class InfoCommand
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "info", Arity = -1, Kind = CommandKind.Plan, MakePlan = static () => new Plan(), Flags = CommandFlags.Loading | CommandFlags.Stale,
            Categories = CategoryNames.Dangerous, Group = "server", Since = "1.0.0", Syntax = "[section [section ...]]",
            Complexity = "O(1), and O(P) with the section keyspace, where P is the number of partitions",
            Summary = "Returns information and statistics about this node; its section keyspace counts the keys of the whole cluster.",
        },
    ];

    private sealed class Plan : PartsPlan
    {
        private readonly long[] _keys = new long[KeyspaceSettings.UserKeyspacesMax];
        private readonly long[] _withDeadline = new long[KeyspaceSettings.UserKeyspacesMax];
        private int _unanswered;

        public override void Start(PlanContext context)
        {
            bool counts = context.Session.View.Map is not null && IsWanted(context, "keyspace");
            Begin(context, counts ? context.Session.View.Map!.PartitionCount : 0);
        }

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest(InternalCommands.Count);
            request.Arguments.Add("all"u8);
            context.IssueToPartition(request, part);
        }

        protected override bool Excuses(ReadOnlySpan<byte> reply) => true;

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
            {
                _unanswered++;
                return;
            }
            var reader = new ReplyReader(reply);
            int keyspaces = reader.ArrayHeader() / 2;
            for (int keyspace = 0; keyspace < keyspaces; keyspace++)
            {
                _keys[keyspace] += reader.Integer();
                _withDeadline[keyspace] += reader.Integer();
            }
        }

        protected override void OnAllDone(PlanContext context)
        {
            var text = new StringBuilder();
            foreach (InfoSection section in InfoSections.All)
            {
                if (!IsWanted(context, section.Name))
                    continue;
                text.Append(text.Length > 0 ? "\r\n" : "").Append("# ").Append(section.Title).Append("\r\n");
                section.Write(context.Session, text);
                if (section.Name == "keyspace")
                    WriteKeyspaces(text);
            }
            context.Reply.VerbatimString(text.ToString(), context.Call.Protocol);
            context.Finish();
        }

        private void WriteKeyspaces(StringBuilder text)
        {
            for (int keyspace = 0; keyspace < _keys.Length; keyspace++)
            {
                if (_keys[keyspace] > 0)
                    text.Append($"db{keyspace}:keys={_keys[keyspace]},expires={_withDeadline[keyspace]},avg_ttl=0\r\n");
            }
            if (_unanswered > 0)
                text.Append($"torc_partitions_not_counted:{_unanswered}\r\n");
        }

        /// <summary>No section named: all but those that are long. "all" and "everything": all.</summary>
        private static bool IsWanted(PlanContext context, string section)
        {
            if (context.Arguments.Count == 1)
                return InfoSections.IsDefault(section);
            for (int i = 1; i < context.Arguments.Count; i++)
            {
                ReadOnlySpan<byte> asked = context.Arguments[i];
                if (asked.Is("all"u8) || asked.Is("everything"u8) || Ascii.EqualsIgnoreCase(asked, section))
                    return true;
                if (asked.Is("default"u8) && InfoSections.IsDefault(section))
                    return true;
            }
            return false;
        }
    }
}
