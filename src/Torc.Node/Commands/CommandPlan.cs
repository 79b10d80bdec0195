using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>
/// One command of a connection that needs several requests: it issues them through the <see cref="PlanContext"/>, gets
/// each reply, may issue more, and finishes with one reply. One instance serves one call. Replies are RESP bytes.
/// The whole is not atomic across keys; what each command promises stands in its COMMAND DOCS.
/// </summary>
public abstract class CommandPlan
{
    /// <summary>
    /// True: nothing else of the connection is under way beside this call. It starts when all commands before it are answered, and none
    /// behind it is taken until it has finished. False only if each key is touched by requests that <see cref="Start"/> issues, all of
    /// them: those take their places among the connection's other requests for the key then, see <see cref="KeyOrder"/>.
    /// </summary>
    public virtual bool StandsAlone(CommandBuffer arguments) => true;

    /// <summary>Issues the first requests, or finishes at once.</summary>
    public abstract void Start(PlanContext context);

    /// <summary>The reply to the request that was issued as number <paramref name="part"/>.</summary>
    public abstract void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply);
}

/// <summary>A plan's hands: the original call, requests to issue, the reply to write. Lives as long as the plan.</summary>
public sealed class PlanContext(Session session, Request call, CommandPlan plan)
{
    internal CommandPlan Plan { get; } = plan;

    internal bool StandsAlone { get; } = plan.StandsAlone(call.Arguments);

    public Session Session { get; } = session;

    /// <summary>The client's command, unchanged until <see cref="Finish"/>.</summary>
    public Request Call { get; } = call;

    public CommandBuffer Arguments => Call.Arguments;

    public ByteWriter Reply { get; } = new();

    public bool Finished { get; private set; }

    /// <summary>Requests issued and not yet answered.</summary>
    public int Outstanding { get; private set; }

    private int _parts;

    /// <summary>
    /// A request for another command on behalf of this call; add its arguments (the command's name first), then
    /// <see cref="Issue"/> it. It inherits keyspace, protocol and levels.
    /// </summary>
    public Request NewRequest(string command)
    {
        Request request = Session.RentRequest();
        request.Spec = Session.Table.Find(command) ?? throw new InvariantException($"plan uses unknown command {command}");
        request.Keyspace = Call.Keyspace;
        request.Protocol = Call.Protocol;
        request.ReadLevel = Call.ReadLevel;
        request.WriteLevel = Call.WriteLevel;
        request.Arguments.Add(request.Spec.NameBytes);
        return request;
    }

    /// <summary>Sends a request to its key's (argument 1) shard; returns its part number.</summary>
    public int Issue(Request request)
    {
        request.Kind = request.Spec.KindFor?.Invoke(request.Arguments) ?? request.Spec.Kind;
        request.RouteByKey(1, Session.View.Map!);
        return Send(request);
    }

    /// <summary>Sends an internal request to a partition; returns its part number.</summary>
    public int IssueToPartition(Request request, int partition)
    {
        request.Kind = request.Spec.Kind;
        request.RouteToPartition((ushort)partition, request.Kind == CommandKind.PartitionFlush ? 1 : 0);
        return Send(request);
    }

    /// <summary>The reply is complete; later replies to this plan's requests are dropped.</summary>
    public void Finish() => Finished = true;

    internal void Answered() => Outstanding--;

    private int Send(Request request)
    {
        request.Session = Session;
        request.Call = Call;
        request.Ticket = Call.Ticket;
        request.Part = _parts++;
        Outstanding++;
        Session.Dispatch(request);
        return request.Part;
    }
}
