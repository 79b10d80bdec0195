using System.Diagnostics;
using System.Text;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.Faults;

/// <summary>
/// Clients that do what no client should: each loses its own connection with an error, memory stays bounded, and a polite
/// client of the same node is served all along.
/// </summary>
public sealed class HostileClientTests(ITestOutputHelper output)
{
    private const long GrowthBytesMax = 96L << 20;
    private static readonly TimeSpan PolitePauseMax = TimeSpan.FromSeconds(5);

    [SystemTheory]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n", "ERR Protocol error: invalid bulk length")]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2097153\r\n", "ERR Protocol error: invalid bulk length")]
    [InlineData("*2147483647\r\n", "ERR Protocol error: invalid multibulk length")]
    [InlineData("*-5\r\n*1\r\n$-3\r\n", "ERR Protocol error: invalid bulk length")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "ERR Protocol error: possible cross protocol attack")]
    [InlineData("POST /run HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHALL\r\n", "ERR Protocol error: possible cross protocol attack")]
    [InlineData("*1\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'")]
    [InlineData("SET k \"unbalanced\r\n", "ERR Protocol error: unbalanced quotes")]
    public void A_frame_that_makes_no_sense_is_answered_with_an_error_and_the_connection_ends(string frame, string error)
    {
        Undisturbed(SmallNode(), node =>
        {
            using RespClient hostile = node.Connect();
            hostile.Send(Encoding.ASCII.GetBytes(frame));
            RespValue reply = hostile.ReadReply();
            RespClient.IsError(reply).ShouldBeTrue();
            RespClient.TextOf(reply)!.ShouldStartWith(error);
            hostile.IsClosedByNode().ShouldBeTrue();
        });
    }

    [SystemFact]
    public void A_client_that_does_not_read_is_ended_and_holds_a_bounded_amount_of_memory()
    {
        Undisturbed(SmallNode("--client-output-buffer-limit=8mb", "--client-output-stall-seconds=2"), static node =>
        {
            using RespClient writer = node.Connect();
            writer.Text("SET", "large", new string('x', 1 << 20)).ShouldBe("OK");
            using RespClient hostile = node.Connect();
            SendUntilEnded(hostile, "GET", "large");
            Wait.UntilHolds(() => node.Process.Errors.ShouldContain("closed:", Case.Sensitive));
        });
    }

    [SystemFact]
    public void Many_clients_that_announce_much_and_send_little_cost_little()
    {
        const int clients = 300;
        Undisturbed(SmallNode(), static node =>
        {
            RespClient[] hostile = [.. Enumerable.Range(0, clients).Select(_ => node.Connect())];
            foreach (RespClient client in hostile)
                client.Send("*1000000\r\n$3\r\nSET\r\n$2000000\r\nabc"u8);
            using (RespClient polite = node.Connect())
                polite.Text("GET", "polite").ShouldNotBeNull();
            foreach (RespClient client in hostile)
                client.Dispose();
        });
    }

    [SystemFact]
    public void A_command_that_waits_for_ever_for_its_end_is_bounded_by_the_query_buffer()
    {
        Undisturbed(SmallNode("--client-query-buffer-limit=8mb"), static node =>
        {
            using RespClient hostile = node.Connect();
            string argument = $"$1000000\r\n{new string('y', 1_000_000)}\r\n";
            hostile.Send("*1000\r\n"u8);
            byte[] bytes = Encoding.ASCII.GetBytes(argument);
            Should.Throw<Exception>(() =>
            {
                for (int sent = 0; sent < 200; sent++)
                    hostile.Send(bytes);
            }).ShouldBeAssignableTo<System.Net.Sockets.SocketException>();
        });
    }

    [SystemFact]
    public void One_client_over_the_limit_is_refused_with_an_error_and_a_place_that_is_left_is_given_again()
    {
        using TorcCluster cluster = SmallNode("--maxclients=4");
        RespClient[] clients = [.. Enumerable.Range(0, 4).Select(_ => cluster[0].Connect())];
        foreach (RespClient client in clients)
            client.Text("SET", "k", "v").ShouldBe("OK");

        using (RespClient fifth = cluster[0].Connect())
        {
            RespClient.TextOf(fifth.ReadReply())!.ShouldBe("ERR max number of clients reached");
            fifth.IsClosedByNode().ShouldBeTrue();
        }
        clients[0].Dispose();
        Wait.UntilHolds(() =>
        {
            using RespClient next = cluster[0].Connect();
            next.Text("GET", "k").ShouldBe("v");
        });
        foreach (RespClient client in clients)
            client.Dispose();
    }

    private static TorcCluster SmallNode(params string[] options) => TorcCluster.Start(1, ["--shards=1", "--log-level=debug", .. options]);

    /// <summary>Runs <paramref name="attack"/> on a node beside a polite client, and checks the node's memory and the client's replies.</summary>
    private void Undisturbed(TorcCluster cluster, Action<TorcNode> attack)
    {
        using (cluster)
        {
            TorcNode node = cluster[0];
            using var polite = new PoliteClient(node);
            polite.WaitForRounds(20);
            long before = ProcessMemory.ResidentBytes(node.Process.Id);
            ProcessMemory.ResetPeak(node.Process.Id);

            attack(node);

            polite.WaitForRounds(20);
            long growth = ProcessMemory.PeakBytes(node.Process.Id) - before;
            TimeSpan pause = polite.Finish();
            output.WriteLine($"peak growth {growth >> 20} MiB, longest pause of the polite client {pause.TotalMilliseconds:0} ms");
            growth.ShouldBeLessThan(GrowthBytesMax);
            pause.ShouldBeLessThan(PolitePauseMax);
        }
    }

    private static void SendUntilEnded(RespClient client, params string[] command)
    {
        const int commandsMax = 2_000;
        var elapsed = Stopwatch.StartNew();
        try
        {
            for (int count = 0; count < commandsMax; count++)
                client.Append(command);
            client.Flush();
            while (elapsed.Elapsed < Wait.Patience)
            {
                Thread.Sleep(100);
                client.Send("\r\n"u8);
            }
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            return;
        }
        throw new TimeoutException("a client that does not read is still connected");
    }
}
