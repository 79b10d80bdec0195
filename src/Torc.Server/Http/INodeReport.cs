using Torc.Server.Metrics;

namespace Torc.Server.Http;

/// <summary>What the HTTP door needs of the node behind it. Calls come from any thread at any time.</summary>
public interface INodeReport
{
    /// <summary>Null when the node takes commands; otherwise why it does not, in one line.</summary>
    string? NotReadyBecause { get; }

    NodeStatus Self();

    /// <summary>The cluster as this node sees it; other nodes' figures are filled in by asking them.</summary>
    ClusterStatus Cluster();

    /// <summary>Null until the cluster is formed.</summary>
    RingStatus? Ring();

    void WriteMetrics(PrometheusWriter to);
}
