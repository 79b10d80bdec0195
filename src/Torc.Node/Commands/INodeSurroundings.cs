using Torc.Node.Control;

namespace Torc.Node.Commands;

/// <summary>A client connection as CLIENT LIST shows it.</summary>
public sealed record ClientDescription(
    long Id, string Address, string LocalAddress, string Name, long AgeSeconds, long IdleSeconds, byte Keyspace,
    int Protocol, string LastCommand, string LibraryName, string LibraryVersion, long OutputBytes, long QueryBytes);

/// <summary>What INFO says of the process.</summary>
public sealed record ProcessDescription(
    string Version, int ProcessId, int Port, long UptimeSeconds, long ResidentBytes, long ManagedBytes, int Cores,
    double UserSeconds, double SystemSeconds, string OperatingSystem, string ConfigFile, string Executable);

/// <summary>Counts since the start, for INFO stats and commandstats.</summary>
public sealed record TrafficDescription(
    long ConnectionsReceived, long ConnectionsRejected, int ConnectedClients, int ClientsMax, long CommandsProcessed,
    long InputBytes, long OutputBytes, IReadOnlyList<CommandStatistics> Commands);

/// <summary>One command's counts; microseconds are from dispatch to reply.</summary>
public sealed record CommandStatistics(string Name, long Calls, long Microseconds, long Rejected, long Failed);

/// <summary>What INFO says of the node's storage, summed over its shards.</summary>
public sealed record StorageDescription(
    string Mode, string Durability, long LiveKeys, long Records, long RecordBytes, long DirectoryBytes,
    long ResidentBytes, int Segments, long DiskBytes, long Syncs, long CompactedBytes, bool DiskFull, int DamagesFound,
    long HintBytes = 0, long Tombstones = 0, long TombstonesCollected = 0)
{
    /// <summary>How far other data centres are behind; empty when there are none.</summary>
    public IReadOnlyList<DataCentreLag> RemoteDataCentres { get; init; } = [];
}

/// <summary>
/// What commands need to know of the process around the node. Server implements it over the real process, the simulator
/// and the tests over values. Calls may come from any connection at any time.
/// </summary>
public interface INodeSurroundings
{
    ProcessDescription Process { get; }

    TrafficDescription Traffic { get; }

    StorageDescription Storage { get; }

    IReadOnlyList<ClientDescription> Clients { get; }

    /// <summary>Ends the connection of a client; false when there is none with this id.</summary>
    bool Kill(long clientId);

    /// <summary>
    /// Asks this node's control plane for a change of the cluster; the number under which <c>ControlPlane.Requests</c> tells what became of it.
    /// </summary>
    long AskForChange(ClusterWish wish);

    /// <summary>The number of the last such request. The control plane may have to take it over yet.</summary>
    long LastChangeAskedFor { get; }

    /// <summary>Configuration as CONFIG GET shows it, by lower-case name, in Redis's names where Redis has the setting.</summary>
    IReadOnlyDictionary<string, string> Configuration { get; }

    /// <summary>The password that AUTH asks for, or null when none is configured.</summary>
    byte[]? Password { get; }

    void ResetStatistics();
}
