using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Torc.Server.CommandLine;

namespace Torc.Tests.Server.CommandLine;

/// <summary>The commands that change a cluster beside a node that says what a test wants it to say, one answer for each question.</summary>
public sealed class ClusterChangeTests
{
    [Fact]
    public async Task A_node_that_dies_before_the_decision_leaves_it_open()
    {
        (Task served, string address) = Serve("+PONG\r\n", ":1\r\n", "*2\r\n$8\r\ndeciding\r\n$0\r\n\r\n");
        using NodeConnection node = NodeConnection.Open(address, "");
        IOException error = await Should.ThrowAsync<IOException>(new ClusterChange(node, CancellationToken.None).Cancel());
        error.Message.ShouldStartWith("the node closed the connection. The change may have been decided");
        error.Message.ShouldContain("torc progress");
        await served;
    }

    [Fact]
    public async Task What_speaks_another_protocol_is_named()
    {
        (Task served, string address) = Serve("HTTP/1.1 400 Bad Request\r\n\r\n");
        Should.Throw<IOException>(() => NodeConnection.Open(address, "")).Message.ShouldStartWith($"what answers at {address} is no port of a Torc node for Redis clients");
        await served;
    }

    [Fact]
    public async Task What_says_nothing_and_ends_is_named_as_well()
    {
        (Task served, string address) = Serve("");
        Should.Throw<IOException>(() => NodeConnection.Open(address, "")).Message.ShouldStartWith($"what answers at {address} is no port of a Torc node for Redis clients");
        await served;
    }

    private static (Task Served, string Address) Serve(params string[] answers)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        return (Task.Run(async () =>
        {
            using TcpListener door = listener;
            using TcpClient client = await door.AcceptTcpClientAsync();
            byte[] question = new byte[4096];
            foreach (string answer in answers)
            {
                await client.GetStream().ReadAtLeastAsync(question, 1);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
            }
        }), address);
    }
}
