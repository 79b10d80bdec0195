using Torc.Core.Replication;

namespace Torc.Tests.Core.Replication;

/// <summary>The rule of most levels: so many of all replicas.</summary>
internal static class AnyOf
{
    public static void Begin(this QuorumWrite write, int replicas, int required) =>
        write.Begin(replicas, QuorumRule.Of(ReplicaSet.FirstOf(replicas), required));

    public static void Begin(this QuorumRead read, int replicas, int required, int localIndex = -1) =>
        read.Begin(replicas, QuorumRule.Of(ReplicaSet.FirstOf(replicas), required), localIndex);
}
