namespace Torc.Core.Placement;

/// <summary>
/// Orders the new sets of a change: who stays keeps its place, who comes takes the place of who goes; then, in the partitions that move
/// anyway, the first place goes to the member that is furthest from being first for its part of what it holds.
/// </summary>
internal static class ChangeOrder
{
    /// <summary>Per partition the ids of its new replicas; the present ones, unchanged, where the set stays.</summary>
    public static ushort[][] Arrange(ClusterMapDraft draft, List<int>[] sets)
    {
        var index = new Dictionary<ushort, int>(draft.Nodes.Select((node, at) => KeyValuePair.Create(node.Id, at)));
        var ordered = new int[sets.Length][];
        var isMoving = new bool[sets.Length];
        var held = new int[draft.Nodes.Length];
        var firsts = new int[draft.Nodes.Length];
        for (int partition = 0; partition < sets.Length; partition++)
        {
            int[] now = [.. draft.Replicas[partition].Select(id => index[id])];
            isMoving[partition] = !now.ToHashSet().SetEquals(sets[partition]);
            ordered[partition] = isMoving[partition] ? InPlace(now, sets[partition]) : now;
            foreach (int node in ordered[partition])
                held[node]++;
            firsts[ordered[partition][0]] += isMoving[partition] ? 0 : 1;
        }
        for (int partition = 0; partition < sets.Length; partition++)
        {
            int[] members = ordered[partition];
            if (!isMoving[partition])
                continue;
            int best = Enumerable.Range(0, members.Length)
                .OrderBy(at => (long)firsts[members[at]] * members.Length - held[members[at]])
                .First();
            (members[0], members[best]) = (members[best], members[0]);
            firsts[members[0]]++;
        }
        return [.. ordered.Select(members => members.Select(node => draft.Nodes[node].Id).ToArray())];
    }

    private static int[] InPlace(int[] now, List<int> then)
    {
        var added = new Queue<int>(then.Except(now).Order());
        var members = new List<int>(then.Count);
        foreach (int node in now)
        {
            if (then.Contains(node))
                members.Add(node);
            else if (added.TryDequeue(out int instead))
                members.Add(instead);
        }
        members.AddRange(added);
        return [.. members];
    }
}
