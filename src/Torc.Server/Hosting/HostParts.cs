using Torc.Node;
using Torc.Server.Hosting.Clients;
using Torc.Server.Hosting.Peers;
using Torc.Server.Hosting.Shards;

namespace Torc.Server.Hosting;

/// <summary>What the hosts of one node share.</summary>
internal sealed record HostParts(TorcNode Node, ClientRegistry Clients, PeerLinks Links, EventSink Events, OutboxPool Outboxes, INodeFate Fate);
