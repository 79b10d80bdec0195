namespace Torc.Core.Replication;

/// <summary>What consistency levels mean for a number of replicas, and their names as users write them.</summary>
public static class Levels
{
    private static readonly string[] Names = ["ONE", "TWO", "QUORUM", "ALL"];

    /// <summary>Replicas needed out of <paramref name="replicas"/>; never more than there are.</summary>
    public static int Required(ConsistencyLevel level, int replicas)
    {
        Check.That(replicas > 0);
        return level switch
        {
            ConsistencyLevel.One => 1,
            ConsistencyLevel.Two => Math.Min(2, replicas),
            ConsistencyLevel.Quorum => replicas / 2 + 1,
            _ => replicas,
        };
    }

    public static string NameOf(ConsistencyLevel level) => Names[(int)level];

    /// <summary>Any letter case; false when the name is not one of a level.</summary>
    public static bool TryParse(string name, out ConsistencyLevel level)
    {
        int index = Array.FindIndex(Names, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        level = index < 0 ? default : (ConsistencyLevel)index;
        return index >= 0;
    }

    public static bool IsKnown(byte level) => level < Names.Length;
}
