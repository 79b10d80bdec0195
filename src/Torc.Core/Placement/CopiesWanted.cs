using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>So many copies of each key in one data centre.</summary>
public sealed record DataCentreCopies(string DataCentre, int Copies);

/// <summary>
/// The replication factor: one number, spread over the data centres as evenly as it can be, or a number for each data centre that is to keep
/// copies; one that is not named keeps none. Written <c>3</c> or <c>dc1:3,dc2:2</c>.
/// </summary>
public sealed class CopiesWanted : IEquatable<CopiesWanted>
{
    /// <summary>As a rule of a setting, in words.</summary>
    public const string Range = "1 to 16, or data centres with a number each, 16 copies in all, as in dc1:3,dc2:2";

    private CopiesWanted(int total, DataCentreCopies[] byDataCentre)
    {
        Total = total;
        ByDataCentre = byDataCentre;
    }

    /// <summary>Copies of each key, in all data centres together.</summary>
    public int Total { get; }

    /// <summary>In ascending ordinal order of the names; empty for one number.</summary>
    public IReadOnlyList<DataCentreCopies> ByDataCentre { get; }

    public bool IsByDataCentre => ByDataCentre.Count > 0;

    /// <summary>One number, 1 to <see cref="ReplicaSet.ReplicasMax"/>.</summary>
    public static CopiesWanted Spread(int copies)
    {
        Check.That(copies is > 0 and <= ReplicaSet.ReplicasMax);
        return new CopiesWanted(copies, []);
    }

    /// <summary>One number, spread.</summary>
    public static implicit operator CopiesWanted(int copies) => Spread(copies);

    /// <summary>A number for each data centre, in any order. Null with what is wrong in <paramref name="problem"/>.</summary>
    public static CopiesWanted? Of(IEnumerable<DataCentreCopies> byDataCentre, out string problem)
    {
        DataCentreCopies[] sorted = [.. byDataCentre.OrderBy(centre => centre.DataCentre, StringComparer.Ordinal)];
        problem = FindFault(sorted) ?? "";
        return problem.Length == 0 ? new CopiesWanted(sorted.Sum(centre => centre.Copies), sorted) : null;
    }

    /// <summary>Reads what <see cref="ToString"/> writes; data centres in any order. What is wrong is said in a sentence.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CopiesWanted? copies, out string problem)
    {
        copies = null;
        if (!text.Contains(':', StringComparison.Ordinal))
        {
            bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int total) && total is > 0 and <= ReplicaSet.ReplicasMax;
            problem = isNumber ? "" : $"'{text}' is no replication factor: give {Range}.";
            copies = isNumber ? Spread(total) : null;
            return isNumber;
        }
        var byDataCentre = new List<DataCentreCopies>();
        foreach (string part in text.Split(','))
        {
            int colon = part.LastIndexOf(':');
            if (colon < 0 || !int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                problem = $"'{part}' is no data centre with its number of copies: write dc1:3,dc2:2.";
                return false;
            }
            byDataCentre.Add(new DataCentreCopies(part[..colon].Trim(), number));
        }
        copies = Of(byDataCentre, out problem);
        return copies is not null;
    }

    /// <summary>0 for a data centre that is not named.</summary>
    public int In(string dataCentre)
    {
        foreach (DataCentreCopies centre in ByDataCentre)
        {
            if (centre.DataCentre == dataCentre)
                return centre.Copies;
        }
        return 0;
    }

    /// <summary>Null, or in words why these nodes cannot keep these copies at all. Too few of them in a data centre is no reason.</summary>
    public string? FindUnknown(IReadOnlyList<NodeInfo> nodes)
    {
        string[] known = [.. nodes.Where(node => !node.IsGoing).Select(node => node.DataCentre).Distinct().Order(StringComparer.Ordinal)];
        DataCentreCopies? unknown = ByDataCentre.FirstOrDefault(centre => !known.Contains(centre.DataCentre));
        return unknown is null ? null : $"No node is in data centre {unknown.DataCentre}. There are nodes in {string.Join(", ", known)}.";
    }

    public bool Equals(CopiesWanted? other) => other is not null && Total == other.Total && ByDataCentre.SequenceEqual(other.ByDataCentre);

    public override bool Equals(object? obj) => Equals(obj as CopiesWanted);

    /// <summary>For tables in memory only.</summary>
    public override int GetHashCode() => Total;

    public override string ToString() => IsByDataCentre
        ? string.Join(',', ByDataCentre.Select(centre => $"{centre.DataCentre}:{centre.Copies.ToString(CultureInfo.InvariantCulture)}"))
        : Total.ToString(CultureInfo.InvariantCulture);

    private static string? FindFault(DataCentreCopies[] sorted)
    {
        for (int index = 0; index < sorted.Length; index++)
        {
            (string name, int copies) = sorted[index];
            if (name.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(name) > ClusterMapRules.TextBytesMax)
                return "A data centre has a name of 1 to 255 bytes.";
            if (index > 0 && sorted[index - 1].DataCentre == name)
                return $"Data centre {name} is named twice.";
            if (copies < 1)
                return $"Data centre {name} is to have {copies} copies. Leave out one that is to keep none.";
            if (copies > ReplicaSet.ReplicasMax)
                return $"Data centre {name} is to have {copies} copies: a key has at most {ReplicaSet.ReplicasMax} in all.";
        }
        int total = sorted.Sum(centre => centre.Copies);
        return total is > 0 and <= ReplicaSet.ReplicasMax ? null : $"A key has 1 to {ReplicaSet.ReplicasMax} copies in all, not {total}.";
    }
}
