namespace Torc.Node.Shards;

/// <summary>How long the syncs take for which replies wait, on average of late. Told under the shard's lock, read from anywhere.</summary>
public sealed class SyncTime
{
    /// <summary>The last so many syncs make most of the mean.</summary>
    private const int Weight = 4;

    private long _meanMicros;

    /// <summary>0 while replies have not waited for any.</summary>
    public long MeanMicros => Volatile.Read(ref _meanMicros);

    public void Add(long micros) => Volatile.Write(ref _meanMicros, Math.Max(1, _meanMicros + (micros - _meanMicros) / Weight));
}
