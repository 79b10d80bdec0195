namespace Torc.Core.Placement;

/// <summary>
/// Orders the replicas within each partition so that every node comes first as evenly as whole numbers allow: a node
/// that holds T replicas of n copies is first floor(T/n) or ceil(T/n) times. Such an order always exists (giving each
/// replica 1/n of a first place is a fractional flow, and flows with whole bounds have whole solutions); a greedy pass
/// comes close and chains of swaps finish it. The second place is spread over the first's partners, because it is
/// who takes over.
/// </summary>
internal static class PreferenceOrder
{
    /// <summary>Reorders each partition's node indices in place.</summary>
    public static void Arrange(int[][] partitions, int nodes)
    {
        var held = new int[nodes];
        foreach (int node in partitions.SelectMany(members => members))
            held[node]++;
        var firsts = new int[nodes];
        foreach (int[] members in partitions)
        {
            int best = 0;
            for (int index = 1; index < members.Length; index++)
            {
                if ((long)firsts[members[index]] * held[members[best]] < (long)firsts[members[best]] * held[members[index]])
                    best = index;
            }
            MakeFirst(members, members[best]);
            firsts[members[0]]++;
        }
        int copies = partitions[0].Length;
        for (int node = 0; node < nodes; node++)
        {
            int low = held[node] / copies, high = (held[node] + copies - 1) / copies;
            while (firsts[node] > high)
                Shift(partitions, firsts, node, other => firsts[other] < (held[other] + copies - 1) / copies, away: true);
            while (firsts[node] < low)
                Shift(partitions, firsts, node, other => firsts[other] > held[other] / copies, away: false);
        }
        ArrangeSeconds(partitions, nodes);
    }

    /// <summary>Moves one first place between <paramref name="node"/> and the nearest node that may take or give one, along a chain of swaps.</summary>
    private static void Shift(int[][] partitions, int[] firsts, int node, Predicate<int> ends, bool away)
    {
        var reachedBy = new Dictionary<int, (int From, int Partition)>();
        var frontier = new Queue<int>([node]);
        int end = -1;
        while (end < 0)
        {
            int at = frontier.Dequeue();
            for (int partition = 0; partition < partitions.Length && end < 0; partition++)
            {
                int[] members = partitions[partition];
                if (away ? members[0] != at : !members.Contains(at) || members[0] == at)
                    continue;
                foreach (int next in away ? members[1..] : members[..1])
                {
                    if (next == node || !reachedBy.TryAdd(next, (at, partition)))
                        continue;
                    frontier.Enqueue(next);
                    if (ends(next))
                        end = next;
                    if (end >= 0)
                        break;
                }
            }
        }
        firsts[end] += away ? 1 : -1;
        firsts[node] += away ? -1 : 1;
        for (int at = end; at != node; at = reachedBy[at].From)
            MakeFirst(partitions[reachedBy[at].Partition], away ? at : reachedBy[at].From);
    }

    private static void ArrangeSeconds(int[][] partitions, int nodes)
    {
        var follows = new Dictionary<(int First, int Second), int>();
        var seconds = new int[nodes];
        foreach (int[] members in partitions)
        {
            if (members.Length < 3)
                continue;
            int first = members[0];
            int second = members[1..].OrderBy(node => follows.GetValueOrDefault((first, node))).ThenBy(node => seconds[node]).ThenBy(node => node).First();
            follows[(first, second)] = follows.GetValueOrDefault((first, second)) + 1;
            seconds[second]++;
            MakeFirst(members.AsSpan(1), second);
        }
    }

    private static void MakeFirst(Span<int> members, int node)
    {
        int index = members.IndexOf(node);
        (members[0], members[index]) = (members[index], members[0]);
    }
}
