using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Server.Hosting.Peers;

namespace Torc.Tests.Server.Hosting.Peers;

public sealed class PeerLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly PipePair _pipes = new();

    [Fact]
    public async Task Both_sides_greet_and_then_frames_arrive_in_order()
    {
        Task<PeerGreeting> left = PeerHandshake.Greet(_pipes.Left, new LinkHandshake(Greeting(0), null, 1, Policy(3)), CancellationToken.None);
        Task<PeerGreeting> right = PeerHandshake.Greet(_pipes.Right, new LinkHandshake(Greeting(1), null, null, Policy(3)), CancellationToken.None);
        (await left).Node.ShouldBe((ushort)1);
        (await right).Node.ShouldBe((ushort)0);

        using var from = new PeerLink(Greeting(1), _pipes.Left);
        using var to = new PeerLink(Greeting(0), _pipes.Right);
        var lengths = new List<int>();
        Task<string> receiving = to.Receive((link, messages) =>
        {
            lengths.Add(messages.Length);
            link.OnFrameDone(messages.Length);
            if (lengths.Count == 3)
                link.End("enough");
        });
        from.Send(FrameAssemblerTests.Frame(1));
        from.Send([.. FrameAssemblerTests.Frame(2), .. FrameAssemblerTests.Frame(3)]);
        (await receiving.WaitAsync(Patience)).ShouldBe("enough");
        lengths.ShouldBe([PeerFrame.MessageHeaderBytes + 1, PeerFrame.MessageHeaderBytes + 2, PeerFrame.MessageHeaderBytes + 3]);
    }

    [Theory]
    [InlineData(2, 1, 1ul, "node 2 answers where node 1 should")]
    [InlineData(1, 1, 9ul, "node 1 was started with other first nodes")]
    [InlineData(0, null, 1ul, "it says it is node 0, which it cannot be")]
    [InlineData(7, null, 1ul, "it says it is node 7, which it cannot be")]
    public async Task A_peer_that_cannot_be_is_refused(int node, int? expected, ulong digest, string why)
    {
        Task<PeerGreeting> left = PeerHandshake.Greet(_pipes.Left, new LinkHandshake(Greeting(0), null, (ushort?)expected, Policy(3)), CancellationToken.None);
        _ = PeerHandshake.Greet(_pipes.Right, new LinkHandshake(new PeerGreeting((ushort)node, 1, digest, 5), null, expected is null ? 0 : null, Policy(9), dialsAnyone: false), CancellationToken.None);
        (await left.ShouldThrowAsync<PeerRefusedException>()).Message.ShouldStartWith(why);
    }

    [Fact]
    public async Task Bytes_that_are_no_greeting_are_refused()
    {
        Task<PeerGreeting> left = PeerHandshake.Greet(_pipes.Left, new LinkHandshake(Greeting(0), null, 1, Policy(3)), CancellationToken.None);
        await _pipes.Right.Output.WriteAsync("*1\r\n$4\r\nPING\r\n and much more than enough"u8.ToArray());
        (await left.ShouldThrowAsync<PeerRefusedException>()).Message.ShouldBe("not a greeting of a Torc node");
    }

    [Fact]
    public async Task A_peer_that_hangs_up_before_it_greeted_is_refused()
    {
        Task<PeerGreeting> left = PeerHandshake.Greet(_pipes.Left, new LinkHandshake(Greeting(0), null, 1, Policy(3)), CancellationToken.None);
        await _pipes.Right.Output.CompleteAsync();
        (await left.ShouldThrowAsync<PeerRefusedException>()).Message.ShouldContain("closed the connection");
    }

    [Fact]
    public async Task A_damaged_frame_ends_the_link_and_nothing_of_it_is_handed_on()
    {
        byte[] frame = FrameAssemblerTests.Frame(30);
        frame[^1] ^= 1;
        using var link = new PeerLink(Greeting(1), _pipes.Left);
        Task<string> receiving = link.Receive(static (_, _) => throw new InvalidOperationException("handed on"));
        await _pipes.Right.Output.WriteAsync(frame);
        (await receiving.WaitAsync(Patience)).ShouldBe("a frame with a wrong checksum");
    }

    [Fact]
    public async Task Reading_pauses_while_too_much_is_unfinished()
    {
        byte[] frame = FrameAssemblerTests.Frame(16 << 20);
        using var link = new PeerLink(Greeting(1), _pipes.Left);
        var waiting = new Queue<int>();
        int most = 0;
        Task<string> receiving = link.Receive((_, messages) =>
        {
            lock (waiting)
            {
                waiting.Enqueue(messages.Length);
                most = Math.Max(most, waiting.Count);
            }
            messages.Dispose();
        });
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 8; i++)
                await _pipes.Right.Output.WriteAsync(frame);
            await _pipes.Right.Output.CompleteAsync();
        });
        while (!receiving.IsCompleted)
        {
            int[] done = [];
            lock (waiting)
            {
                // The fourth frame goes over the limit: nothing more may arrive until enough are done.
                if (waiting.Count >= 4 || writing.IsCompleted)
                {
                    done = [.. waiting];
                    waiting.Clear();
                }
            }
            foreach (int bytes in done)
                link.OnFrameDone(bytes);
            await Task.Yield();
        }
        (await receiving).ShouldBe("the peer closed the connection");
        most.ShouldBe(4);
    }

    [Fact]
    public async Task A_newer_connection_takes_over_and_the_control_plane_hears_it_in_order()
    {
        var told = new List<string>();
        var links = new PeerLinks(node => told.Add($"up {node}"), node => told.Add($"down {node}"));
        using var older = new PeerLink(Greeting(1), _pipes.Left);
        using var newer = new PeerLink(Greeting(1), new PipePair().Left);
        Task<string> first = links.Serve(older, static (_, _) => { });
        Task<string> second = links.Serve(newer, static (_, _) => { });
        (await first.WaitAsync(Patience)).ShouldBe("the peer opened another connection");
        links.Of(1).ShouldBe(newer);
        links.EndSilent(newer.HeardMicros + 5_001_000, 5_000);
        (await second.WaitAsync(Patience)).ShouldBe("nothing was heard for too long");
        told.ShouldBe(["up 1", "down 1", "up 1", "down 1"]);
        links.Open.ShouldBe(0);
    }

    private static LinkPolicy Policy(int firstNodes) => new(new NodeInfo(0, "", "", 0, 0, "", "", 1, 1), Standing.Forming, null, firstNodes);

    private static PeerGreeting Greeting(ushort node) => new(node, 1, 1, 5);
}
