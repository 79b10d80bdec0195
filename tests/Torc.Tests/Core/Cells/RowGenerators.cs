using FsCheck;
using FsCheck.Fluent;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>Random rows from small pools, so that versions, kinds and sub-keys meet often.</summary>
internal static class RowGenerators
{
    private static readonly RowKind[] Collections = [RowKind.Hash, RowKind.Set, RowKind.SortedSet, RowKind.List, RowKind.Counter, RowKind.Stream];

    /// <summary>Any contents, also two different ones with one version, which the protocol never makes.</summary>
    public static Arbitrary<RowModel> AnyRow => Rows(free: true).ToArbitrary();

    /// <summary>Contents are a function of place and version, as the protocol guarantees.</summary>
    public static Arbitrary<RowModel> ProtocolRow => Rows(free: false).ToArbitrary();

    /// <summary>Rows of one kind only.</summary>
    public static Arbitrary<RowModel> RowOf(RowKind kind) => Rows(free: false, kind).ToArbitrary();

    private static Gen<Version> Versions =>
        from stamp in Gen.Choose(1, 5)
        from actor in Gen.Choose(1, 2)
        select new Version((ulong)stamp, (ulong)actor);

    private static Gen<RowModel> Rows(bool free, RowKind? only = null) =>
        from bases in Some(2, Bases(free, only))
        from expiries in Some(1, Expiries(free))
        from cells in Some(4, Cells(free, only))
        select new RowModel(bases, expiries, cells);

    private static Gen<T[]> Some<T>(int countMax, Gen<T> element) =>
        from count in Gen.Choose(0, countMax)
        from elements in element.ArrayOf(count)
        select elements;

    private static Gen<(Version, RowKind)> Bases(bool free, RowKind? only) =>
        from version in Versions
        from drawn in Gen.Choose(0, 7)
        let kind = free ? (RowKind)drawn : only ?? (RowKind)((version.Stamp * 2 + version.ActorValue) % 8)
        select (version, version.Stamp % 4 == 0 && !free ? RowKind.None : kind);

    private static Gen<(Version, long)> Expiries(bool free) =>
        from version in Versions
        from drawn in Gen.Choose(0, 300)
        select (version, free ? drawn : (long)version.Stamp * 100 % 300);

    private static Gen<CellModel> Cells(bool free, RowKind? only) =>
        from version in Versions
        from kind in only is { } one ? Gen.Constant(one) : Gen.OneOf(Gen.Constant(RowKind.String), Gen.Elements(Collections))
        from subKey in Gen.Elements("", "a", "ab", "b", new string('k', 200))
        from drawn in Gen.Elements<string?>(null, "", "x", "yy")
        let value = free ? drawn : version.Stamp % 3 == 0 ? null : version.ToString()
        select kind == RowKind.String
            ? new CellModel(kind, "", version, value ?? "t")
            : new CellModel(kind, subKey, version, value);
}
