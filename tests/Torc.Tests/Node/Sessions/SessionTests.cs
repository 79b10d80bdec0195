using System.Buffers;
using System.Text;
using Torc.Base;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Sessions;
using Torc.Tests.Protocols.Resp;

namespace Torc.Tests.Node.Sessions;

public class SessionTests
{
    private static readonly Instant Now = new(1_000_000, 1_800_000_000_000);

    [Fact]
    public void Commands_are_the_same_in_whatever_pieces_they_come()
    {
        byte[] input = Encoding.ASCII.GetBytes("*2\r\n$4\r\nECHO\r\n$3\r\none\r\nECHO two\r\n*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$12\r\nthis is four\r\nPIN");
        string whole = Answers(new ReadOnlySequence<byte>(input));
        whole.ShouldBe("$3\r\none\r\n$3\r\ntwo\r\n+PONG\r\n$12\r\nthis is four\r\n");
        Answers(Pieces.EachByte(input)).ShouldBe(whole);
        for (int split = 0; split <= input.Length; split++)
            Answers(Pieces.Cut(input, split)).ShouldBe(whole, $"cut at byte {split}");
    }

    [Fact]
    public void What_follows_a_broken_command_is_not_run()
    {
        string answers = Answers(Pieces.Cut("PING\r\n*1\r\n!PING\r\n"u8.ToArray(), 9));
        answers.ShouldStartWith("+PONG\r\n-ERR Protocol error");
        answers.Split("PONG").Length.ShouldBe(2);
    }

    /// <summary>The plan's request is used again at once: by the next command, before that has been read.</summary>
    [Fact]
    public void Parts_of_a_plan_that_failed_early_may_be_answered_late()
    {
        const int late = 4;
        Session session = new LoopCluster(nodes: 1)[0].Node.OpenSession(7, "client", "here");
        Receive(session, "KEYS *\r\n");
        List<Request> parts = TakeDispatched(session);
        parts.Count.ShouldBeGreaterThan(late);
        Deliver(session, parts[0], "-UNAVAILABLE a test\r\n");
        for (int part = 1; part <= late; part++)
        {
            Receive(session, "GET next\r\n");
            Deliver(session, parts[part], "*1\r\n$1\r\n0\r\n");
        }
        foreach (Request get in TakeDispatched(session))
            Deliver(session, get, "$-1\r\n");
        Encoding.ASCII.GetString(session.Output.Written).ShouldBe("-UNAVAILABLE a test\r\n" + string.Concat(Enumerable.Repeat("$-1\r\n", late)));
        session.Dispose();
    }

    private static void Receive(Session session, string text)
    {
        var input = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text));
        session.Receive(ref input, Now);
        input.IsEmpty.ShouldBeTrue();
    }

    private static List<Request> TakeDispatched(Session session)
    {
        var requests = new List<Request>();
        for (int shard = 0; shard < session.Node.Shards.Count; shard++)
            session.TakeDispatched(shard, requests);
        return requests;
    }

    private static void Deliver(Session session, Request request, string reply) =>
        session.Deliver(Encoding.ASCII.GetBytes(reply), [new SessionReply(request, 0, reply.Length)], Now).ShouldBe(1);

    private static string Answers(ReadOnlySequence<byte> input)
    {
        Session session = new LoopCluster(nodes: 1)[0].Node.OpenSession(7, "client", "here");
        long length = input.Length;
        session.Receive(ref input, Now);
        if (!session.CloseAfterOutput)
            input.Length.ShouldBe(0, $"of {length} bytes");
        string output = Encoding.ASCII.GetString(session.Output.Written);
        session.Dispose();
        return output;
    }
}
