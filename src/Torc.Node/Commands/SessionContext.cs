using Torc.Node.Control;
using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>What a handler of <see cref="CommandKind.Session"/> gets: its connection, the node's view, and the reply.</summary>
public readonly ref struct SessionContext(Session session, Request request, Instant now, ByteWriter reply)
{
    public Session Session { get; } = session;

    public Request Request { get; } = request;

    public Instant Now { get; } = now;

    public ByteWriter Reply { get; } = reply;

    public CommandBuffer Arguments => Request.Arguments;

    public CommandTable Table => Session.Table;

    /// <summary>Who is in the cluster and who is up, as this node sees it now.</summary>
    public ClusterView View => Session.View;

    /// <summary>What became of requests to change the cluster that were made on this node.</summary>
    public IReadOnlyList<ClusterRequestReport> ChangeRequests => Session.ChangeRequests;

    /// <summary>What the process around the node knows: clients, configuration, memory, process id.</summary>
    public INodeSurroundings Surroundings => Session.Surroundings;
}
