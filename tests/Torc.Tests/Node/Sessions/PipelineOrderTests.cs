using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Node.Sessions;

/// <summary>One pipeline takes effect in its order, also around commands that take several steps and look at more than one key.</summary>
public class PipelineOrderTests
{
    public static TheoryData<string, string> Pipelines => new()
    {
        { "SET a 1|RENAME a b|GET b|SET a 2|DBSIZE|FLUSHALL|GET a|GET b", "+OK +OK $1 1 +OK :2 +OK $-1 $-1" },
        { "SET a 1|COPY a b|SET a 2|GET b|COPY a b|COPY a b REPLACE|APPEND a x|GET b", "+OK :1 +OK $1 1 :0 :1 :2 $1 2" },
        { "MSET a 1 b 2|RENAMENX a b|DEL b|RENAMENX a b|SET a 3|GET b", "+OK :0 :1 :1 +OK $1 1" },
        { "SET b 0|MSETNX a 1 b 2|DEL b a|MSETNX a 1 b 2|APPEND b x|MGET a b", "+OK :0 :1 :1 :2 *2 $1 1 $2 2x" },
        { "INCR a|DBSIZE|INCR a|DEL a|DBSIZE|SET a 1|DBSIZE", ":1 :1 :2 :1 :0 +OK :1" },
        { "INCR a|FLUSHDB|INCR a|GET a|FLUSHALL ASYNC|INCR a|DEL a|FLUSHALL|GET a", ":1 +OK :1 $1 1 +OK :1 :1 +OK $-1" },
        { "SET a 1|KEYS *|DEL a|KEYS *|SET a 1", "+OK *1 $1 a :1 *0 +OK" },
        { "SET a 1|SCAN 0 COUNT 1000|DEL a|SCAN 0 COUNT 1000|SET a 1", "+OK *2 $1 0 *1 $1 a :1 *2 $1 0 *0 +OK" },
        { "SET a 1|RANDOMKEY|RENAME a b|RANDOMKEY|DEL b|RANDOMKEY|SET a 1", "+OK $1 a +OK $1 b :1 $-1 +OK" },
        { "SET a 1|CLUSTER COUNTKEYSINSLOT 15495|DEL a|CLUSTER COUNTKEYSINSLOT 15495|SET a 1", "+OK :1 :1 :0 +OK" },
        { "SET a 1|COPY a a DB 1|SELECT 1|APPEND a x|FLUSHDB|GET a|SELECT 0|GET a", "+OK :1 +OK :2 +OK $-1 +OK $1 1" },
        { "MSET a 1 b 2|RENAME b c|MGET a b c|DEL a b c|RENAME a b|EXISTS a b c", "+OK +OK *3 $1 1 $-1 $1 2 :2 -ERR no such key :0" },
    };

    [Theory]
    [MemberData(nameof(Pipelines))]
    public void A_pipeline_takes_effect_in_its_order(string pipeline, string replies)
    {
        foreach (int nodes in (int[])[1, 3])
            new LoopCluster(nodes)[0].CallTogether(pipeline.Split('|')).ShouldBe(replies, $"{nodes} nodes");
    }

    [Theory]
    [MemberData(nameof(Pipelines))]
    public void However_its_bytes_arrive(string pipeline, string replies)
    {
        byte[] bytes = Bytes(pipeline.Split('|'));
        foreach (int nodes in (int[])[1, 3])
        {
            var cluster = new LoopCluster(nodes);
            foreach (byte each in bytes)
                cluster[0].Receive([each]);
            cluster.Run();
            cluster[0].TakeOutput().ShouldBe(replies, $"{nodes} nodes, byte by byte, and then the network");
            cluster[0].CallTogether("SELECT 0", "FLUSHALL");
            foreach (byte each in bytes)
            {
                cluster[0].Receive([each]);
                cluster.Run();
            }
            cluster[0].TakeOutput().ShouldBe(replies, $"{nodes} nodes, byte by byte with the network between");
        }
    }

    [Fact]
    public void Commands_of_more_keys_than_may_be_under_way_at_once_keep_their_place_too()
    {
        const int keys = 600;
        string all = string.Join(' ', Enumerable.Range(0, keys).Select(key => $"k{key}"));
        string pairs = string.Join(' ', Enumerable.Range(0, keys).Select(key => $"k{key} old"));
        foreach (int nodes in (int[])[1, 3])
        {
            LoopNode node = new LoopCluster(nodes)[0];
            string last = $"k{keys - 1}";
            node.CallTogether($"SET {last} older", $"MSET {pairs}", $"GET {last}", $"APPEND {last} er", $"EXISTS {all}", $"DEL {all}", $"SET {last} new", $"EXISTS {all}", $"GET {last}")
                .ShouldBe($"+OK +OK $3 old :5 :{keys} :{keys} +OK :1 $3 new", $"{nodes} nodes");
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 3)]
    [InlineData(3, 4)]
    public void Random_pipelines_answer_as_a_dictionary_does(int nodes, ulong seed)
    {
        const int rounds = 120;
        var random = new SeededRandom(seed);
        LoopCluster cluster = new(nodes);
        var model = new PipelineModel();
        for (int round = 0; round < rounds; round++)
        {
            string[] commands = [.. Enumerable.Range(0, 1 + random.Below(25)).Select(_ => PipelineModel.Draw(random))];
            string[] expected = [.. commands.Select(model.Answer)];
            byte[] bytes = Bytes(commands);
            for (int sent = 0; sent < bytes.Length;)
            {
                int piece = Math.Min(bytes.Length - sent, 1 + random.Below(200));
                cluster[0].Receive(bytes.AsSpan(sent, piece));
                sent += piece;
                if (random.Chance(0.3))
                    cluster.Run();
            }
            cluster.Run();
            string[] answered = [.. Replies(cluster[0].TakeOutputBytes()).Select(PipelineModel.Show)];
            answered.ShouldBe(expected, $"seed {seed}, round {round}: {string.Join(" | ", commands)}");
        }
    }

    [Fact]
    public void Nothing_is_taken_while_a_command_that_stands_alone_waits_or_runs()
    {
        var cluster = new LoopCluster(3);
        LoopNode node = cluster[0];
        foreach (int other in (int[])[1, 2])
            cluster.Cut(other, 0);
        // The write is under way, the plan waits for it, and what stands behind is not even read.
        node.CallTogether("SET a 1", "RENAME a b", "ECHO behind", "NOSUCHCOMMAND").ShouldBe("");
        node.CommandsReceived.ShouldBe(2);
        foreach (int other in (int[])[1, 2])
            cluster.Heal(other, 0);
        cluster.Run();
        node.TakeOutput().ShouldStartWith("+OK +OK $6 behind -ERR unknown command");
    }

    [Fact]
    public void Replies_that_are_not_wanted_change_nothing_in_the_order()
    {
        foreach (int nodes in (int[])[1, 3])
        {
            LoopNode node = new LoopCluster(nodes)[0];
            node.CallTogether("SET a 1", "CLIENT REPLY OFF", "RENAME a b", "SET a 2", "DBSIZE", "FLUSHDB", "SET a 3", "COPY a c", "CLIENT REPLY ON", "MGET a b c", "DBSIZE")
                .ShouldBe("+OK +OK *3 $1 3 $-1 $1 3 :2", $"{nodes} nodes");
            node.CallTogether("CLIENT REPLY SKIP", "RENAME a d", "INCR d", "CLIENT REPLY SKIP", "FLUSHALL", "DBSIZE").ShouldBe(":4 :0", $"{nodes} nodes");
        }
    }

    [Fact]
    public void A_client_that_leaves_takes_what_had_not_begun_with_it()
    {
        var cluster = new LoopCluster(3);
        foreach (int other in (int[])[1, 2])
            cluster.Cut(other, 0);
        cluster[0].CallTogether("SET a 1", "RENAME a b", "SET c 1").ShouldBe("");
        cluster[0].Reconnect();
        foreach (int other in (int[])[1, 2])
            cluster.Heal(other, 0);
        cluster.Run();
        cluster[0].CallTogether("MGET a b c", "DBSIZE").ShouldBe("*3 $1 1 $-1 $-1 :1");
    }

    [Fact]
    public void A_client_that_leaves_in_the_middle_of_a_plan_leaves_the_rest_undone()
    {
        var cluster = new LoopCluster(3);
        cluster[0].Call("SET", "a", "1");
        foreach (int other in (int[])[1, 2])
            cluster.Cut(other, 0);
        cluster[0].CallTogether("RENAME a b", "SET c 1").ShouldBe("");
        cluster[0].Reconnect();
        cluster[0].Send("PING").ShouldBe("+PONG");
        foreach (int other in (int[])[1, 2])
            cluster.Heal(other, 0);
        cluster.Run();
        cluster[0].CallTogether("GET c", "RENAME a b", "GET b", "DBSIZE").ShouldBe("$-1 +OK $1 1 :1");
    }

    [Fact]
    public void A_plan_that_fails_lets_the_pipeline_go_on()
    {
        var cluster = new LoopCluster(3);
        cluster[0].Call("SET", "a", "1");
        foreach (int other in (int[])[1, 2])
        {
            cluster.Cut(0, other);
            cluster.Cut(other, 0);
        }
        cluster[0].CallTogether("RENAME a b", "ECHO between", "COPY a c", "ECHO behind").ShouldBe("");
        cluster.Elapse(30_000);
        string[] replies = cluster[0].TakeOutput().Split(['-', '$'], StringSplitOptions.RemoveEmptyEntries);
        replies.Length.ShouldBe(4, string.Join('/', replies));
        replies[0].ShouldMatch("^(UNAVAILABLE|TIMEOUT)");
        replies[1].ShouldBe("7 between ");
        replies[2].ShouldMatch("^(UNAVAILABLE|TIMEOUT)");
        replies[3].ShouldBe("6 behind");
        foreach (int other in (int[])[1, 2])
        {
            cluster.Heal(0, other);
            cluster.Heal(other, 0);
        }
        cluster.Elapse(30_000);
        cluster[0].CallTogether("RENAME a b", "SET a 2", "MGET a b").ShouldBe("+OK +OK *2 $1 2 $1 1");
    }

    private static byte[] Bytes(params ReadOnlySpan<string> commands)
    {
        using var bytes = new ByteWriter();
        foreach (string command in commands)
            bytes.Command(command.Split(' '));
        return bytes.Written.ToArray();
    }

    private static List<RespValue> Replies(byte[] bytes)
    {
        var reader = new RespReplyReader();
        ReadOnlySpan<byte> rest = bytes;
        var replies = new List<RespValue>();
        while (!rest.IsEmpty)
        {
            reader.Read(ref rest, out RespValue? reply, out _).ShouldBe(ReplyOutcome.Reply, Encoding.Latin1.GetString(bytes));
            replies.Add(reply!);
        }
        return replies;
    }
}
