using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.Clients;

/// <summary>Debian's redis-cli against each node.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class RedisCliTests(SharedCluster shared)
{
    [SystemTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_value_written_through_one_node_is_read_through_every_other(int writer)
    {
        foreach (TorcNode reader in shared.Cluster.Nodes)
        {
            string value = $"from {writer} to {reader.Id}";
            Cli(writer, "set", $"cli:{writer}:{reader.Id}", value).ShouldBe("OK");
            Cli(reader.Id, "get", $"cli:{writer}:{reader.Id}").ShouldBe(value);
        }
    }

    [SystemFact]
    public void A_session_of_typed_lines_answers_line_by_line()
    {
        string session = """
            SET session:name "ada lovelace"
            GET session:name
            APPEND session:name "\x21"
            STRLEN session:name
            INCRBY session:count 41
            INCR session:count
            MGET session:name session:count session:none
            EXPIRE session:name 100
            TTL session:none
            DEL session:name session:count
            GET session:name
            INCR
            """;
        string[] expected =
        [
            "OK", "ada lovelace", "13", "13", "41", "42", "ada lovelace!", "42", "", "1", "-2", "2", "",
            "ERR wrong number of arguments for 'incr' command", "",
        ];

        ToolResult result = Tool.RunWithInput(session + "\n", "redis-cli", "-p", $"{shared.Cluster[1].Port}");

        result.ShouldSucceed().Output.Split('\n')[..expected.Length].ShouldBe(expected);
    }

    [SystemFact]
    public void Csv_output_has_replies_of_every_kind()
    {
        Cli(0, "mset", "csv:a", "1", "csv:b", "two, \"quoted\"");

        Cli(1, "--csv", "mget", "csv:a", "csv:b", "csv:none").ShouldBe("""
            "1","two, \"quoted\"",NULL
            """);
        Cli(2, "--csv", "strlen", "csv:b").ShouldBe("13");
    }

    [SystemTheory]
    [InlineData("2")]
    [InlineData("3")]
    public void Command_docs_are_there_for_help_in_both_protocols(string protocol)
    {
        string docs = Cli(0, $"-{protocol}", "command", "docs", "set", "getrange");

        docs.ShouldContain("summary");
        docs.ShouldContain("getrange");
        int.Parse(Cli(0, "command", "count")).ShouldBeGreaterThan(60);
        Cli(0, "command", "getkeys", "mset", "a", "1", "b", "2").ShouldBe("a\nb");
    }

    [SystemFact]
    public void Cluster_mode_follows_the_slots_table_and_needs_no_redirection()
    {
        for (int key = 0; key < 20; key++)
        {
            Cli(key % 3, "-c", "set", $"cli:slot:{key}", $"{key}").ShouldBe("OK");
            Cli((key + 1) % 3, "-c", "get", $"cli:slot:{key}").ShouldBe($"{key}");
        }
        Cli(0, "cluster", "info").ShouldContain("cluster_state:ok");
    }

    [SystemFact]
    public void A_scan_through_any_node_sees_each_key_of_the_cluster_once()
    {
        string[] keys = [.. Enumerable.Range(0, 500).Select(static key => $"cli:scan:{key:000}")];
        Tool.RunWithInput(string.Concat(keys.Select(static key => $"SET {key} x\n")), "redis-cli", "-p", $"{shared.Cluster[0].Port}").ShouldSucceed();

        foreach (TorcNode node in shared.Cluster.Nodes)
            Cli(node.Id, "--scan", "--pattern", "cli:scan:*").Split('\n').Order(StringComparer.Ordinal).ShouldBe(keys);
    }

    private string Cli(int node, params string[] arguments) =>
        Tool.Run("redis-cli", ["-p", $"{shared.Cluster[node].Port}", .. arguments]).ShouldSucceed().Output.TrimEnd('\n');
}
