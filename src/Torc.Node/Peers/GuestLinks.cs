using Torc.Core.Placement;

namespace Torc.Node.Peers;

/// <summary>
/// Numbers of links with nodes that are no members: those that want to become one, and removed ones that have not heard of it. In the place of
/// a node id, so that frames for them take the same way; no member has such an id. Guests get maps and answers to their requests, and are heard about nothing else.
/// </summary>
public static class GuestLinks
{
    public const int Max = 64;
    public const ushort First = ClusterMap.NodeIdMax + 1;

    public static bool IsGuest(ushort node) => node >= First;

    /// <summary>A place among arrays by node: guests first, so that the arrays of a small cluster stay small.</summary>
    public static int PlaceOf(ushort node) => node >= First ? node - First : node + Max;
}
