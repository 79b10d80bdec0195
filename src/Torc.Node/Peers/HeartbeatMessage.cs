namespace Torc.Node.Peers;

/// <summary>
/// Sent to each peer every <c>HeartbeatIntervalMs</c>, echoed at once:
/// <c>sent at u64 (sender's monotonic microseconds) | wall clock i64 (ms) | map epoch u64 |
/// sync time u32 (microseconds, recent mean) | flags u8 (1: slow disk, 2: keeps hints) | newest level u8 | incomplete bits, a blob | behind bits, a blob</c>.
/// The echo carries the sender's time back, so that the sender learns the round trip and the peer's clock.
/// </summary>
public readonly ref struct HeartbeatMessage
{
    private const int SlowDiskFlag = 1;
    private const int HintsFlag = 2;

    public long SentMicros { get; private init; }

    public long WallMs { get; private init; }

    /// <summary>Epoch of the map by which all shards of the sender answer requests.</summary>
    public ulong MapEpoch { get; private init; }

    /// <summary>How long replies wait for a sync at the sender.</summary>
    public long SyncMicros { get; private init; }

    /// <summary>The sender finds its disk slow beside those of others.</summary>
    public bool HasSlowDisk { get; private init; }

    /// <summary>The sender keeps writes for nodes that were down.</summary>
    public bool KeepsHints { get; private init; }

    /// <summary>The highest <see cref="Core.Placement.ClusterLevel"/> that the sender agrees to.</summary>
    public byte Level { get; private init; }

    /// <summary>By that map: one bit per partition, low bit first: the sender's copy does not count.</summary>
    public ReadOnlySpan<byte> IncompleteBits { get; private init; }

    /// <summary>The same for copies that have yet to catch up before the set of their partition may shrink.</summary>
    public ReadOnlySpan<byte> BehindBits { get; private init; }

    public static void Write(
        PeerBuffer to, PeerMessageKind kind, long sentMicros, long wallMs, ulong mapEpoch, long syncMicros, bool hasSlowDisk, bool keepsHints, byte level,
        ReadOnlySpan<byte> incompleteBits, ReadOnlySpan<byte> behindBits)
    {
        ByteWriter body = to.Begin(kind, PeerFrame.ControlPartition);
        body.WriteInt64(sentMicros);
        body.WriteInt64(wallMs);
        body.WriteUInt64(mapEpoch);
        body.WriteUInt32((uint)Math.Min(syncMicros, uint.MaxValue));
        body.WriteByte((byte)((hasSlowDisk ? SlowDiskFlag : 0) | (keepsHints ? HintsFlag : 0)));
        body.WriteByte(level);
        body.WriteBlob(incompleteBits);
        body.WriteBlob(behindBits);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out HeartbeatMessage message)
    {
        var reader = new ByteReader(body);
        long sentMicros = reader.ReadInt64(), wallMs = reader.ReadInt64();
        ulong mapEpoch = reader.ReadUInt64();
        uint syncMicros = reader.ReadUInt32();
        int flags = reader.ReadByte();
        message = new HeartbeatMessage
        {
            SentMicros = sentMicros,
            WallMs = wallMs,
            MapEpoch = mapEpoch,
            SyncMicros = syncMicros,
            HasSlowDisk = (flags & SlowDiskFlag) != 0,
            KeepsHints = (flags & HintsFlag) != 0,
            Level = reader.ReadByte(),
            IncompleteBits = reader.ReadBlob(),
            BehindBits = reader.ReadBlob(),
        };
        return reader.Complete;
    }
}
