namespace Torc.Storage.Directory;

/// <summary>
/// Where a <see cref="KeyDirectory"/> finds the full hash of an entry again, when the bits kept in its tag no longer
/// tell entries apart. Asked for the entries of one region at a time.
/// </summary>
public interface IHashSource
{
    /// <summary>The 64-bit hash of the key at <paramref name="address"/>. False: the record is not in memory; the directory puts its split off.</summary>
    bool TryHashOf(long address, out ulong hash);
}
