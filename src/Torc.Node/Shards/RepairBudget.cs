namespace Torc.Node.Shards;

/// <summary>
/// Bounds the bytes of rows that a shard pulls from other nodes, for repairs, for copies that catch up and for partitions that move here, so that they leave disks and
/// links to client work. A token bucket: rows are counted when they arrive, since only then their length is known, and what
/// was taken too much is waited for.
/// </summary>
/// <param name="bytesPerSecond">Of this shard.</param>
public sealed class RepairBudget(long bytesPerSecond)
{
    /// <summary>What may be taken at once after a pause, in time.</summary>
    private const long BurstMicros = 100_000;

    /// <summary>What a row costs beside its bytes.</summary>
    private const int RowOverheadBytes = 64;

    private const long MicrosPerSecond = 1_000_000;

    private long _left = bytesPerSecond * BurstMicros / MicrosPerSecond;
    private long _refilledMicros;

    public bool HasRoom => _left > 0;

    public void Refill(Instant now)
    {
        long elapsed = Math.Clamp(now.MonotonicMicros - _refilledMicros, 0, BurstMicros);
        _refilledMicros = now.MonotonicMicros;
        _left = Math.Min(_left + bytesPerSecond * elapsed / MicrosPerSecond, bytesPerSecond * BurstMicros / MicrosPerSecond);
    }

    public void Take(int rowBytes) => _left -= rowBytes + RowOverheadBytes;
}
