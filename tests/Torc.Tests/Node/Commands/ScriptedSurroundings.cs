using System.Text;
using Torc.Node.Commands;
using Torc.Node.Control;

namespace Torc.Tests.Node.Commands;

/// <summary>A process with two clients, some settings and, if asked for, a password.</summary>
internal sealed class ScriptedSurroundings(string? password) : INodeSurroundings
{
    public ProcessDescription Process { get; } = new("1.2.3", 4711, 6379, 90_061, 64 << 20, 16 << 20, 4, 1.5, 0.25, "Test", "/etc/torc.conf", "/usr/bin/torc");

    public TrafficDescription Traffic { get; } = new(3, 1, 2, 100, 42, 1000, 2000, [new CommandStatistics("get", 4, 10, 1, 2)]);

    public StorageDescription Storage { get; } = new("memory", "always", 5, 6, 700, 800, 900, 4, 0, 7, 0, false, 0) { RemoteDataCentres = [new("dc2", 1_234_567, 89)] };

    public IReadOnlyList<ClientDescription> Clients { get; } =
    [
        new(1, "127.0.0.1:1", "127.0.0.1:2", "me", 10, 0, 0, 2, "client|list", "redis-py", "5.0", 0, 0),
        new(7, "127.0.0.1:77", "127.0.0.1:2", "", 20, 5, 3, 3, "get", "", "", 12, 34),
    ];

    public IReadOnlyDictionary<string, string> Configuration { get; } = new Dictionary<string, string>
    {
        ["save"] = "",
        ["appendonly"] = "no",
        ["maxclients"] = "100",
    };

    public byte[]? Password { get; } = password is null ? null : Encoding.UTF8.GetBytes(password);

    public List<long> Killed { get; } = [];

    public bool Kill(long clientId)
    {
        Killed.Add(clientId);
        return true;
    }

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
