namespace Torc.Node.Commands.Server;

/// <summary>
/// One argument of a usage line such as <c>key value [NX | XX] [EX seconds] [key ...]</c>, as COMMAND DOCS describes it: words in
/// capitals are tokens, others are values, brackets are optional, bars choose, and dots repeat.
/// </summary>
/// <param name="Type">string, integer, key, pattern, unix-time, pure-token, oneof or block.</param>
/// <param name="Token">The word in capitals that stands before the value, or is the argument.</param>
internal sealed record SyntaxArgument(string Name, string Type, string? Token, bool IsOptional, bool IsMultiple, IReadOnlyList<SyntaxArgument> Parts)
{
    public static IReadOnlyList<SyntaxArgument> Parse(string syntax)
    {
        string[] words = syntax.Replace("[", " [ ", StringComparison.Ordinal).Replace("]", " ] ", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int at = 0;
        IReadOnlyList<SyntaxArgument> choices = Choices(words, ref at);
        return choices is [{ Type: "block", IsMultiple: false } block] ? block.Parts : choices;
    }

    /// <summary>Sequences with bars between them, up to a closing bracket: one argument, or a choice of them.</summary>
    private static List<SyntaxArgument> Choices(string[] words, ref int at)
    {
        var choices = new List<SyntaxArgument>();
        var sequence = new List<SyntaxArgument>();
        for (; at < words.Length && words[at] != "]"; at++)
        {
            if (words[at] == "|")
            {
                choices.Add(Block(sequence));
                sequence = [];
            }
            else if (words[at] == "[")
            {
                at++;
                AddOptional(sequence, Choices(words, ref at));
            }
            else
            {
                AddWord(sequence, words[at]);
            }
        }
        if (sequence.Count > 0)
            choices.Add(Block(sequence));
        return choices.Count > 1 ? [new SyntaxArgument(choices[0].Name, "oneof", null, false, false, choices)] : choices;
    }

    private static SyntaxArgument Block(List<SyntaxArgument> sequence) => sequence.Count == 1
        ? sequence[0]
        : new SyntaxArgument(sequence[0].Name, "block", null, false, false, [.. sequence]);

    /// <summary><c>key [key ...]</c> is one repeated key; <c>key value [key value ...]</c> a repeated block; else the bracket is optional.</summary>
    private static void AddOptional(List<SyntaxArgument> sequence, List<SyntaxArgument> choices)
    {
        if (choices.Count == 0)
            return;
        SyntaxArgument inner = choices[0];
        int repeated = inner.Type == "block" ? inner.Parts.Count : 1;
        bool repeatsWhatStandsBefore = inner.IsMultiple && sequence.Count >= repeated && sequence[^repeated].Name == inner.Name;
        if (!repeatsWhatStandsBefore)
        {
            sequence.Add(inner with { IsOptional = true });
            return;
        }
        List<SyntaxArgument> before = sequence.GetRange(sequence.Count - repeated, repeated);
        sequence.RemoveRange(sequence.Count - repeated, repeated);
        sequence.Add(Block(before) with { IsMultiple = true });
    }

    private static void AddWord(List<SyntaxArgument> sequence, string word)
    {
        if (word == "...")
        {
            SyntaxArgument all = Block(sequence);
            sequence.Clear();
            sequence.Add(all with { IsMultiple = true });
        }
        else if (word.ToUpperInvariant() == word && char.IsAsciiLetterUpper(word[0]))
        {
            sequence.Add(new SyntaxArgument(word.ToLowerInvariant(), "pure-token", word, false, false, []));
        }
        else if (sequence is [.., { Type: "pure-token" } token])
        {
            sequence[^1] = new SyntaxArgument(word, TypeOf(word), token.Token, false, false, []);
        }
        else
        {
            sequence.Add(new SyntaxArgument(word, TypeOf(word), null, false, false, []));
        }
    }

    private static string TypeOf(string word) => word switch
    {
        "key" or "key1" or "key2" or "newkey" or "source" or "destination" => "key",
        "pattern" => "pattern",
        "unix-time-seconds" or "unix-time-milliseconds" => "unix-time",
        "seconds" or "milliseconds" or "count" or "cursor" or "increment" or "decrement" or "offset" or "start" or "end" or "index" or "slot"
            or "min-match-len" or "destination-db" or "client-id" or "protover" => "integer",
        _ => "string",
    };
}
