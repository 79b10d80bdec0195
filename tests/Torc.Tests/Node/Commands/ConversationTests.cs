using System.Runtime.CompilerServices;

namespace Torc.Tests.Node.Commands;

/// <summary>
/// Every command and its errors, in conversations that are read in the diff: TORC_REWRITE_GOLDEN=1 writes them anew. Each is held
/// with a single node, and with the last of three, which has to forward; the replies are the same. Where Redis has the command, they
/// were compared with those of redis-server 7.0.
/// </summary>
public class ConversationTests
{
    public static TheoryData<string, int> Conversations
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (string path in Directory.GetFiles(Folder(), "*.txt").Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileNameWithoutExtension(path);
                all.Add(name, 1);
                if (!name.StartsWith("one-node-", StringComparison.Ordinal))
                    all.Add(name, 3);
            }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Conversations))]
    public void Replies_are_as_written(string name, int nodes)
    {
        string path = Path.Combine(Folder(), name + ".txt");
        string expected = File.ReadAllText(path);
        string told = Conversation.Run(expected, nodes);
        if (Environment.GetEnvironmentVariable("TORC_REWRITE_GOLDEN") == "1" && nodes == 1)
            File.WriteAllText(path, told);
        else
            FirstDifference(expected.Split('\n'), told.Split('\n')).ShouldBeNull();
    }

    /// <summary>Where the texts part, with the command before it; null when they are equal.</summary>
    private static string? FirstDifference(string[] expected, string[] told)
    {
        string command = "";
        for (int line = 0; line < Math.Max(expected.Length, told.Length); line++)
        {
            string wanted = line < expected.Length ? expected[line] : "(end)", came = line < told.Length ? told[line] : "(end)";
            if (wanted != came)
                return $"line {line + 1}, after {command}: expected {wanted}, came {came}";
            command = wanted.StartsWith('>') ? wanted : command;
        }
        return null;
    }

    private static string Folder([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "../../testdata/commands"));
}
