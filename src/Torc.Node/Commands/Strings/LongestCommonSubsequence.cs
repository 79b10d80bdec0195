using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Strings;

/// <summary>LCS: reads both strings, each by itself, and compares them on the connection's own turn, so that no shard waits for it.</summary>
internal static class LongestCommonSubsequence
{
    /// <summary>Cells of the table, the product of both lengths: 64 MiB and well under a second.</summary>
    public const long CellsMax = 16 * 1024 * 1024;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "lcs", Arity = -3, Kind = CommandKind.Plan, MakePlan = static () => new Plan(), Check = CheckOptions,
            Flags = CommandFlags.ReadOnly, Keys = new KeyPositions(1, 2, 1), Categories = CategoryNames.StringReadSlow,
            Group = "string", Since = "7.0.0", Syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
            Complexity = "O(N*M) where N and M are the lengths of the two strings; N*M is limited to 16777216",
            Summary = "Finds the longest common subsequence of two strings. Each is read by itself.",
        },
    ];

    private struct Options
    {
        public bool Length;
        public bool Positions;
        public bool WithMatchLength;
        public long MatchLengthMin;
        public bool BadNumber;
    }

    private static bool TryParse(CommandBuffer arguments, out Options options)
    {
        options = default;
        for (int i = 3; i < arguments.Count; i++)
        {
            ReadOnlySpan<byte> option = arguments[i];
            if (option.Is("LEN"u8))
                options.Length = true;
            else if (option.Is("IDX"u8))
                options.Positions = true;
            else if (option.Is("WITHMATCHLEN"u8))
                options.WithMatchLength = true;
            else if (option.Is("MINMATCHLEN"u8) && i + 1 < arguments.Count)
                options.BadNumber |= !ArgumentText.TryInteger(arguments[++i], out options.MatchLengthMin);
            else
                return false;
        }
        options.MatchLengthMin = Math.Max(options.MatchLengthMin, 0);
        return !options.BadNumber;
    }

    private static bool CheckOptions(Request request, ByteWriter reply)
    {
        bool valid = TryParse(request.Arguments, out Options options);
        if (options.BadNumber)
            reply.Error(CommandErrors.NotInteger);
        else if (!valid)
            reply.Error(CommandErrors.Syntax);
        else if (options.Length && options.Positions)
            reply.Error("ERR If you want both the length and indexes, please just use IDX."u8);
        return valid && !(options.Length && options.Positions);
    }

    private sealed class Plan : KeysPlan
    {
        private readonly byte[][] _values = [[], []];
        private bool _wrongType;

        protected override int CountKeys(CommandBuffer arguments) => 2;

        protected override void Issue(PlanContext context, int part)
        {
            Request request = context.NewRequest("get");
            request.Arguments.Add(context.Arguments[1 + part]);
            context.Issue(request);
        }

        protected override bool Excuses(ReadOnlySpan<byte> reply) => reply.StartsWith("-WRONGTYPE"u8);

        protected override void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply)
        {
            if (ReplyReader.IsError(reply))
                _wrongType = true;
            else if (!ReplyReader.IsNull(reply))
                _values[part] = ReplyReader.BulkOf(reply).ToArray();
        }

        protected override void OnAllDone(PlanContext context)
        {
            bool valid = TryParse(context.Arguments, out Options options);
            Check.That(valid);
            if (_wrongType)
                context.Reply.Error("ERR The specified keys must contain string values"u8);
            else if ((_values[0].Length + 1L) * (_values[1].Length + 1L) > CellsMax)
                context.Reply.Error($"ERR Insufficient memory, transient memory for LCS exceeds {CellsMax} cells");
            else
                Answer(context, options);
            context.Finish();
        }

        private void Answer(PlanContext context, in Options options)
        {
            byte[] left = _values[0], right = _values[1];
            int[] table = Fill(left, right);
            int length = table[^1];
            if (options.Length)
                context.Reply.Integer(length);
            else if (options.Positions)
                WritePositions(context, options, Walk(left, right, table, []), length);
            else
                WriteText(context, left, right, table, length);
        }

        private static int[] Fill(byte[] left, byte[] right)
        {
            int width = right.Length + 1;
            var table = new int[(left.Length + 1) * width];
            for (int i = 1; i <= left.Length; i++)
            {
                for (int j = 1; j <= right.Length; j++)
                {
                    table[i * width + j] = left[i - 1] == right[j - 1]
                        ? table[(i - 1) * width + j - 1] + 1
                        : Math.Max(table[(i - 1) * width + j], table[i * width + j - 1]);
                }
            }
            return table;
        }

        private static void WriteText(PlanContext context, byte[] left, byte[] right, int[] table, int length)
        {
            var text = new byte[length];
            Walk(left, right, table, text);
            context.Reply.Bulk(text);
        }

        /// <summary>A run of equal bytes: first positions in both strings, and how long.</summary>
        private readonly record struct Match(int Left, int Right, int Length);

        /// <summary>Goes back from the end, as Redis does, so that the last match comes first. Fills in the text when there is room.</summary>
        private static List<Match> Walk(byte[] left, byte[] right, int[] table, Span<byte> text)
        {
            int width = right.Length + 1;
            var matches = new List<Match>();
            int i = left.Length, j = right.Length, end = text.Length;
            while (i > 0 && j > 0)
            {
                if (left[i - 1] == right[j - 1])
                {
                    if (end > 0)
                        text[--end] = left[i - 1];
                    i--;
                    j--;
                    bool joins = matches.Count > 0 && matches[^1].Left == i + 1 && matches[^1].Right == j + 1;
                    if (joins)
                        matches[^1] = new Match(i, j, matches[^1].Length + 1);
                    else
                        matches.Add(new Match(i, j, 1));
                }
                else if (table[(i - 1) * width + j] > table[i * width + j - 1])
                {
                    i--;
                }
                else
                {
                    j--;
                }
            }
            return matches;
        }

        private static void WritePositions(PlanContext context, Options options, List<Match> matches, int length)
        {
            matches.RemoveAll(match => match.Length < options.MatchLengthMin);
            ByteWriter reply = context.Reply;
            reply.MapHeader(2, context.Call.Protocol);
            reply.Bulk("matches"u8);
            reply.ArrayHeader(matches.Count);
            foreach (Match match in matches)
            {
                reply.ArrayHeader(options.WithMatchLength ? 3 : 2);
                WriteRange(reply, match.Left, match.Length);
                WriteRange(reply, match.Right, match.Length);
                if (options.WithMatchLength)
                    reply.Integer(match.Length);
            }
            reply.Bulk("len"u8);
            reply.Integer(length);
        }

        private static void WriteRange(ByteWriter reply, int first, int length)
        {
            reply.ArrayHeader(2);
            reply.Integer(first);
            reply.Integer(first + length - 1);
        }
    }
}
