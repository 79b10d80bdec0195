namespace Torc.Core.Placement;

/// <summary>
/// Divides a whole number of seats by weight, with a cap for each party: shares that would pass their cap are filled
/// to it and leave their rest to the others; what then remains goes by the largest remainder (Hamilton's method).
/// Integers only, so that every machine divides alike. Every result is within one of the exact capped share.
/// </summary>
internal static class Apportionment
{
    /// <param name="seats">To be given out.</param>
    /// <param name="weights">By party.</param>
    /// <param name="caps">By party.</param>
    /// <param name="present">What each party has now, or null: of equal remainders the one with more comes first.</param>
    public static int[] Divide(int seats, IReadOnlyList<long> weights, IReadOnlyList<long> caps, IReadOnlyList<long>? present = null)
    {
        Check.That(caps.Sum() >= seats && weights.All(weight => weight > 0));
        var shares = new int[weights.Count];
        List<int> open = [.. Enumerable.Range(0, weights.Count)];
        long left = seats;
        while (true)
        {
            long weight = open.Sum(party => weights[party]);
            List<int> full = [.. open.Where(party => (Int128)left * weights[party] >= (Int128)caps[party] * weight)];
            if (full.Count == 0)
                break;
            foreach (int party in full)
            {
                shares[party] = (int)caps[party];
                left -= caps[party];
                open.Remove(party);
            }
        }
        GiveByRemainder(left, weights, open, shares, present);
        return shares;
    }

    private static void GiveByRemainder(long seats, IReadOnlyList<long> weights, List<int> open, int[] shares, IReadOnlyList<long>? present)
    {
        long weight = open.Sum(party => weights[party]);
        long given = 0;
        foreach (int party in open)
        {
            shares[party] = (int)((Int128)seats * weights[party] / weight);
            given += shares[party];
        }
        IEnumerable<int> byRemainder = open
            .OrderByDescending(party => (Int128)seats * weights[party] % weight)
            .ThenByDescending(party => present?[party] ?? 0)
            .ThenBy(party => party);
        foreach (int party in byRemainder.Take((int)(seats - given)))
            shares[party]++;
    }
}
