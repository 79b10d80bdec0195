using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Placement;

/// <summary>One node as the cluster map knows it.</summary>
/// <param name="Id">Unique in the cluster and never given to another node.</param>
/// <param name="PeerAddress">"host:port" where peers connect, as in the list of first nodes.</param>
/// <param name="Host">Host that clients are told to connect to.</param>
/// <param name="RespPort">Port of the Redis protocol.</param>
/// <param name="HttpPort">Port of metrics, health and dashboard.</param>
/// <param name="DataCentre">Failure domain; empty when there is only one.</param>
/// <param name="Rack">Failure domain within the data centre; empty when there is only one.</param>
/// <param name="Weight">Relative capacity, from 1.</param>
/// <param name="Birth">Random number drawn with the node's data directory: another one for the same id means that the node was wiped.</param>
/// <param name="State">What the cluster intends with the node; a matter of the map, not of what the node says about itself.</param>
public sealed record NodeInfo(
    ushort Id, string PeerAddress, string Host, int RespPort, int HttpPort, string DataCentre, string Rack, int Weight, ulong Birth,
    NodeState State = NodeState.Normal)
{
    /// <summary>Of a node that is no member of a cluster yet. Ids above <see cref="ClusterMap.NodeIdMax"/> are given to no member.</summary>
    public const ushort NoId = ushort.MaxValue;

    /// <summary>The highest <see cref="Weight"/> that can be given.</summary>
    public const int WeightMax = 10_000;

    /// <summary>A change that takes the node out is under way.</summary>
    public bool IsGoing => State is NodeState.Leaving or NodeState.Gone;

    /// <summary>As in the encoding of a cluster map, without the state.</summary>
    public void Encode(ByteWriter to) => ClusterMapCodec.WriteNode(to, this);

    public static bool TryDecode(ref ByteReader from, [NotNullWhen(true)] out NodeInfo? node) => ClusterMapCodec.TryReadNode(ref from, out node);
}
