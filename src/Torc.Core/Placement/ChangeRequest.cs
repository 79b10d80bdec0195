namespace Torc.Core.Placement;

/// <summary>What an operator asks of the cluster. One change is under way at a time.</summary>
public abstract record ChangeRequest
{
    /// <summary>Nodes come in. Their ids are given by the plan; what they say for an id is ignored.</summary>
    public sealed record Join(IReadOnlyList<NodeInfo> Nodes) : ChangeRequest;

    /// <summary>Nodes that are gone for ever are taken out. The plan is that of <see cref="Leave"/>; nobody waits for what they could still tell.</summary>
    public sealed record Remove(IReadOnlyList<ushort> Nodes) : ChangeRequest;

    /// <summary>Nodes go, and others take over their copies first.</summary>
    public sealed record Leave(IReadOnlyList<ushort> Nodes) : ChangeRequest;

    /// <summary>A new node takes exactly what another one holds, which goes, or is gone for ever.</summary>
    public sealed record Replace(ushort Old, NodeInfo New, bool IsGone = false) : ChangeRequest;

    public sealed record Weight(ushort Node, int Value) : ChangeRequest;

    public sealed record ReplicationFactor(CopiesWanted Copies) : ChangeRequest;

    public sealed record Keyspaces(IReadOnlyList<KeyspaceSettings> Settings) : ChangeRequest;
}
