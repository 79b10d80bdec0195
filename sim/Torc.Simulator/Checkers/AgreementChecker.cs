namespace Torc.Simulator.Checkers;

/// <summary>What a replica holds of a key: a digest over every version in the row.</summary>
public readonly record struct ReplicaRow(int Node, int Partition, string Key, ulong Digest);

/// <summary>Invariant 10: after healing all replicas of a partition hold the same rows. A key that is not reported has digest 0.</summary>
public static class AgreementChecker
{
    public static IEnumerable<Violation> Check(IEnumerable<ReplicaRow> rows, Func<int, IReadOnlyList<int>> replicasOf)
    {
        var byKey = new SortedDictionary<(int Partition, string Key), Dictionary<int, ulong>>();
        foreach (ReplicaRow row in rows)
        {
            if (!byKey.TryGetValue((row.Partition, row.Key), out Dictionary<int, ulong>? digests))
                byKey[(row.Partition, row.Key)] = digests = [];
            digests[row.Node] = row.Digest;
        }
        foreach (((int partition, string key), Dictionary<int, ulong> digests) in byKey)
        {
            IReadOnlyList<int> replicas = replicasOf(partition);
            ulong first = digests.GetValueOrDefault(replicas[0]);
            if (replicas.Any(node => digests.GetValueOrDefault(node) != first))
            {
                string seen = string.Join(", ", replicas.Select(node => $"node {node}: {digests.GetValueOrDefault(node):x16}"));
                yield return new Violation(10, $"replicas of partition {partition} differ on '{key}': {seen}", key);
            }
        }
    }
}
