using System.Runtime.InteropServices;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Server.CommandLine;
using Torc.Server.Hosting.Clients;
using Torc.Server.Hosting.Shards;
using Torc.Server.Settings;

namespace Torc.Server.Hosting;

/// <summary>What commands such as INFO, CLIENT and CONFIG learn of the real process.</summary>
internal sealed class ProcessSurroundings(SettingValues settings, ClientRegistry clients, Func<StorageTotals> storage) : INodeSurroundings
{
    private const long MicrosPerSecond = 1_000_000;
    private readonly long _startedMicros = HostClock.MonotonicMicros;

    /// <summary>Set once the node is made, which needs these surroundings first.</summary>
    internal NodeMetrics? Metrics { get; set; }

    internal long UptimeSeconds => (HostClock.MonotonicMicros - _startedMicros) / MicrosPerSecond;

    public ProcessDescription Process
    {
        get
        {
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return new ProcessDescription(
                TorcCommands.Version, Environment.ProcessId, settings.Get(SettingTable.Port), UptimeSeconds,
                process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false), Environment.ProcessorCount,
                process.UserProcessorTime.TotalSeconds, process.PrivilegedProcessorTime.TotalSeconds,
                RuntimeInformation.OSDescription, settings.ConfigFile, Environment.ProcessPath ?? "");
        }
    }

    public TrafficDescription Traffic => new(
        clients.Received, clients.Rejected, clients.Count, settings.Get(SettingTable.MaxClients), clients.Commands,
        clients.InputBytes, clients.OutputBytes,
        [.. (Metrics?.Commands ?? []).Where(static command => command.Calls + command.Rejected > 0)
            .Select(static command => new CommandStatistics(command.Name, command.Calls, command.Micros, command.Rejected, command.Failed))]);

    public StorageDescription Storage
    {
        get
        {
            StorageTotals totals = storage();
            return new StorageDescription(
                SettingTable.Storage.Show(settings.Get(SettingTable.Storage)), SettingTable.Durability.Show(settings.Get(SettingTable.Durability)),
                totals.LiveKeys, totals.Sum(static shard => shard.Records), totals.Sum(static shard => shard.LiveBytes),
                totals.Sum(static shard => shard.DirectoryBytes), totals.Sum(static shard => shard.ResidentBytes),
                (int)totals.Sum(static shard => shard.Segments), totals.Sum(static shard => shard.DiskBytes),
                totals.Sum(static shard => shard.SyncsTotal), totals.Sum(static shard => shard.CompactedBytesTotal),
                totals.IsDiskFull, (int)totals.Sum(static shard => shard.SegmentsDamaged), totals.HintBytes.Values.Sum(),
                totals.Tombstones, totals.TombstonesCollected)
            {
                RemoteDataCentres = View is { } view ? totals.LagsIn(view()) : [],
            };
        }
    }

    public IReadOnlyList<ClientDescription> Clients => [.. clients.All.Select(static client => client.Describe())];

    public IReadOnlyDictionary<string, string> Configuration { get; } = NodeConfiguration.Shown(settings);

    public byte[]? Password { get; } = NodeConfiguration.Password(settings);

    /// <summary>Set once the node is made, which needs these surroundings first.</summary>
    internal ControlHost? Control { get; set; }

    /// <summary>The same.</summary>
    internal Func<ClusterView>? View { get; set; }

    public long AskForChange(ClusterWish wish) => Control!.Ask(wish);

    public long LastChangeAskedFor => Control?.LastRequest ?? 0;

    public bool Kill(long clientId) => clients.End(clientId, "CLIENT KILL");

    public void ResetStatistics()
    {
        foreach (CommandCounter command in Metrics?.Commands ?? [])
            command.Reset();
    }
}
