namespace Torc.Core.Placement;

/// <summary>
/// Who decides the next map: the largest odd number of members up to <see cref="ClusterMap.VotersMax"/>, spread over data centres, then
/// racks. An even number would only add a node that has to be up. Whoever votes already stays where that spreads as well. A change that would leave one
/// voter of three keeps those that leave until it is over: with one voter, the loss of its disk would end all changes for ever.
/// </summary>
internal static class VoterChoice
{
    /// <summary>With fewer, one votes.</summary>
    private const int FewNodes = 3;

    /// <summary>Ids in ascending order.</summary>
    /// <param name="nodes">The members; those that join are not chosen unless there are no others, those that leave while there are enough others.</param>
    /// <param name="present">Who votes now.</param>
    public static ushort[] Choose(IReadOnlyList<NodeInfo> nodes, IReadOnlyList<ushort> present)
    {
        List<NodeInfo> open = [.. nodes.Where(node => node.State == NodeState.Normal)];
        if (open.Count < FewNodes && nodes.Count(node => node.State != NodeState.Joining) >= FewNodes)
            open = [.. nodes.Where(node => node.State != NodeState.Joining)];
        if (open.Count == 0)
            open = [.. nodes];
        int wanted = Math.Min(ClusterMap.VotersMax, open.Count - (open.Count + 1) % 2);
        var chosen = new List<NodeInfo>();
        while (chosen.Count < wanted)
        {
            NodeInfo next = open
                .OrderBy(node => chosen.Count(other => other.DataCentre == node.DataCentre))
                .ThenBy(node => chosen.Count(other => other.DataCentre == node.DataCentre && other.Rack == node.Rack))
                .ThenBy(node => present.Contains(node.Id) ? 0 : 1)
                .ThenBy(node => node.Id)
                .First();
            chosen.Add(next);
            open.Remove(next);
        }
        return [.. chosen.Select(node => node.Id).Order()];
    }
}
