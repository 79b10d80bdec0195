namespace Torc.Core.Cells;

/// <summary>What a row's base says the key holds. Persisted and sent: the numbers are frozen.</summary>
public enum RowKind : byte
{
    /// <summary>Deleted or never written.</summary>
    None = 0,
    String = 1,
    Hash = 2,
    Set = 3,
    SortedSet = 4,
    List = 5,
    Counter = 6,
    Stream = 7,
}
