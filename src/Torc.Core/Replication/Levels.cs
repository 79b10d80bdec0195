namespace Torc.Core.Replication;

/// <summary>What consistency levels mean for a number of replicas, and their names as users write them.</summary>
public static class Levels
{
    private static readonly string[] Names = ["ONE", "TWO", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"];

    /// <summary>All names, for messages: "ONE, TWO, …".</summary>
    public static string AllNames { get; } = string.Join(", ", Names);

    /// <summary>Replicas needed out of <paramref name="replicas"/> that count together; never more than there are.</summary>
    public static int Required(ConsistencyLevel level, int replicas)
    {
        Check.That(replicas > 0);
        return level switch
        {
            ConsistencyLevel.One or ConsistencyLevel.LocalOne => 1,
            ConsistencyLevel.Two => Math.Min(2, replicas),
            ConsistencyLevel.All => replicas,
            _ => replicas / 2 + 1,
        };
    }

    /// <summary>How many of so many replicas a quorum leaves out at the most: one more, and every quorum has one of them.</summary>
    public static int LeftOutByQuorum(int replicas) => replicas == 0 ? 0 : replicas - Required(ConsistencyLevel.Quorum, replicas);

    /// <summary>Only replicas in the data centre of the node that the client is connected to may coordinate and count.</summary>
    public static bool IsLocal(ConsistencyLevel level) => level is ConsistencyLevel.LocalOne or ConsistencyLevel.LocalQuorum;

    /// <summary>The level, or a majority of the same replicas when it asks for less.</summary>
    public static ConsistencyLevel AtLeastQuorum(ConsistencyLevel level) => level switch
    {
        ConsistencyLevel.One or ConsistencyLevel.Two => ConsistencyLevel.Quorum,
        ConsistencyLevel.LocalOne => ConsistencyLevel.LocalQuorum,
        _ => level,
    };

    public static string NameOf(ConsistencyLevel level) => Names[(int)level];

    /// <summary>Any letter case; false when the name is not one of a level.</summary>
    public static bool TryParse(string name, out ConsistencyLevel level)
    {
        int index = Array.FindIndex(Names, known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        level = index < 0 ? default : (ConsistencyLevel)index;
        return index >= 0;
    }

    public static int Count => Names.Length;

    public static bool IsKnown(byte level) => level < Names.Length;
}
