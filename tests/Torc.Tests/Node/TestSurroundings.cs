using Torc.Node.Commands;
using Torc.Node.Control;

namespace Torc.Tests.Node;

/// <summary>A process that nothing happens in.</summary>
internal sealed class TestSurroundings : INodeSurroundings
{
    public ProcessDescription Process { get; } = new("0.0.0", 1, 6379, 0, 0, 0, 1, 0, 0, "test", "", "");

    public TrafficDescription Traffic { get; } = new(0, 0, 0, 0, 0, 0, 0, []);

    public StorageDescription Storage { get; } = new("memory", "always", 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0);

    public IReadOnlyList<ClientDescription> Clients { get; } = [];

    public IReadOnlyDictionary<string, string> Configuration { get; } = new Dictionary<string, string>();

    public byte[]? Password => null;

    public bool Kill(long clientId) => false;

    /// <summary>What commands asked for; a request's number is its place here, from 1.</summary>
    public List<ClusterWish> ChangesAsked { get; } = [];

    public long LastChangeAskedFor => ChangesAsked.Count;

    public long AskForChange(ClusterWish wish)
    {
        ChangesAsked.Add(wish);
        return ChangesAsked.Count;
    }

    public void ResetStatistics()
    {
    }
}
