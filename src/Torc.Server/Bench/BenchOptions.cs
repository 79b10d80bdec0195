using Torc.Server.Bench.Keys;
using Torc.Server.Settings;

namespace Torc.Server.Bench;

/// <summary>What is spoken with the targets.</summary>
internal enum BenchProtocol
{
    Resp,
    Memcached,
    Etcd,
}

/// <summary>What <c>torc bench</c> was asked to do. <see cref="Check"/> says what makes no sense, before anything is sent.</summary>
internal sealed record BenchOptions
{
    internal const int ConnectionsMax = 10_000;
    internal const int ThreadsMax = 256;
    internal const int PipelineMax = 10_000;
    internal const int ValueBytesMax = 16 * 1024 * 1024;
    internal const long KeysMax = 999_999_999_999;
    internal const long RequestsMax = 1_000_000_000_000;
    internal const double SecondsMax = 7 * 24 * 3600;
    internal const double SecondsDefault = 10;

    internal required Workload Workload { get; init; }

    internal required KeyDistribution Distribution { get; init; }

    internal required IReadOnlyList<HostAndPort> Targets { get; init; }

    internal BenchProtocol Protocol { get; init; } = BenchProtocol.Resp;

    internal int Connections { get; init; } = 50;

    internal int Threads { get; init; } = 1;

    internal int Pipeline { get; init; } = 1;

    internal long Keys { get; init; } = 1_000_000;

    internal int ValueBytes { get; init; } = 100;

    /// <summary>0: as many as fit into <see cref="Seconds"/>.</summary>
    internal long Requests { get; init; }

    internal double Seconds { get; init; } = SecondsDefault;

    internal double WarmUpSeconds { get; init; }

    /// <summary>Operations a second, over all connections; 0: as fast as replies come.</summary>
    internal double Rate { get; init; }

    internal int WaitReplicas { get; init; }

    /// <summary>WAIT follows each operation instead of each pipeline.</summary>
    internal bool WaitEach { get; init; }

    internal string Password { get; init; } = "";

    internal ulong Seed { get; init; } = 1;

    internal bool Load { get; init; }

    /// <summary>The run that writes all keys: to its end, without a warm-up and as fast as it goes.</summary>
    internal BenchOptions ForLoading() => this with
    {
        Workload = Workload.Find(Workload.LoadName)!,
        Distribution = KeyDistribution.Uniform,
        Requests = Keys,
        WarmUpSeconds = 0,
        Rate = 0,
        Load = false,
    };

    internal BenchOptions Check()
    {
        Within("connections", Connections, 1, ConnectionsMax);
        Within("threads", Threads, 1, ThreadsMax);
        Within("pipeline", Pipeline, 1, PipelineMax);
        Within("keys", Keys, 1, KeysMax);
        Within("value-bytes", ValueBytes, 0, ValueBytesMax);
        Within("requests", Requests, 0, RequestsMax);
        Within("seconds", Seconds, 0.001, SecondsMax);
        Within("warm-up", WarmUpSeconds, 0, SecondsMax);
        Within("rate", Rate, 0, 1e9);
        Within("wait-replicas", WaitReplicas, 0, 9);
        if (Threads > Connections)
            throw new SettingException($"--threads {Threads} is more than --connections {Connections}. Each thread needs a connection of its own.");
        if (Targets.Count > Connections)
            throw new SettingException($"--connections {Connections} is less than the {Targets.Count} targets. Give at least one connection for each.");
        if (Protocol != BenchProtocol.Resp)
            CheckForeign();
        return this;
    }

    private void CheckForeign()
    {
        string name = Protocol.ToString().ToLowerInvariant();
        if (Workload.Scans > 0)
            throw new SettingException($"--workload {Workload.Name} reads several keys at once, which --protocol {name} does not do here. Choose another workload.");
        if (WaitReplicas > 0 || Password.Length > 0)
            throw new SettingException($"--wait-replicas and --password are for --protocol resp, not for {name}.");
        if (Protocol == BenchProtocol.Etcd && Pipeline > 1)
            throw new SettingException("--protocol etcd takes one request at a time on a connection. Give --pipeline 1 and more --connections.");
    }

    private static void Within(string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
            throw new SettingException(FormattableString.Invariant($"--{name} {value} is not between {least} and {most}."));
    }
}
