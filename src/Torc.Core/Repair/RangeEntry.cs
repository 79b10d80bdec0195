namespace Torc.Core.Repair;

/// <summary>One row of a <see cref="RangeListing"/>; the key is the listing's.</summary>
public readonly record struct RangeEntry(ulong Hash, Version Max, ulong Digest, int KeyOffset, int KeyLength);
