using Torc.Node.Commands;
using Torc.Node.Control;

namespace Torc.Simulator.Cluster;

/// <summary>A process that has nothing to tell: the simulator checks data, not INFO.</summary>
internal sealed class SimulatedSurroundings : INodeSurroundings
{
    public ProcessDescription Process { get; } = new("simulated", 1, 6379, 0, 0, 0, 1, 0, 0, "simulated", "", "torc");

    public TrafficDescription Traffic { get; } = new(0, 0, 0, 0, 0, 0, 0, []);

    public StorageDescription Storage { get; } = new("log", "always", 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0);

    public IReadOnlyList<ClientDescription> Clients => [];

    public IReadOnlyDictionary<string, string> Configuration { get; } = new Dictionary<string, string>();

    public byte[]? Password => null;

    public bool Kill(long clientId) => false;

    public long LastChangeAskedFor => 0;

    /// <summary>Operators of simulated clusters ask the control plane itself.</summary>
    public long AskForChange(ClusterWish wish) => throw new NotSupportedException("simulated clients ask for no changes");

    public void ResetStatistics()
    {
    }
}
