namespace Torc.Node.Peers;

/// <summary>
/// Sent to each peer every <c>HeartbeatIntervalMs</c>, echoed at once:
/// <c>sent at u64 (sender's monotonic microseconds) | wall clock i64 (ms) | map epoch u64 |
/// sync time u32 (microseconds, recent mean) | flags u8 (1: slow disk, 2: keeps hints, 4: stops) | newest level u8 | log position (<see cref="LogPosition"/>) | incomplete bits, a blob | behind bits, a blob</c>.
/// The echo carries the sender's time back, so that the sender learns the round trip and the peer's clock.
/// </summary>
public readonly ref struct HeartbeatMessage
{
    private const int SlowDiskFlag = 1;
    private const int HintsFlag = 2;
    private const int StopsFlag = 4;

    public long SentMicros { get; init; }

    public long WallMs { get; init; }

    /// <summary>Epoch of the map by which all shards of the sender answer requests.</summary>
    public ulong MapEpoch { get; init; }

    /// <summary>How long replies wait for a sync at the sender.</summary>
    public long SyncMicros { get; init; }

    /// <summary>The sender finds its disk slow beside those of others.</summary>
    public bool HasSlowDisk { get; init; }

    /// <summary>The sender keeps writes for nodes that were down.</summary>
    public bool KeepsHints { get; init; }

    /// <summary>The sender is about to end: it finishes what it was given, and is to be given nothing more that others can do.</summary>
    public bool IsStopping { get; init; }

    /// <summary>The highest <see cref="Core.Placement.ClusterLevel"/> that the sender agrees to.</summary>
    public byte Level { get; init; }

    /// <summary>How far the sender's log has come.</summary>
    public LogPosition Log { get; init; }

    /// <summary>By that map: one bit per partition, low bit first: the sender's copy does not count.</summary>
    public ReadOnlySpan<byte> IncompleteBits { get; init; }

    /// <summary>The same for copies that have yet to catch up before the set of their partition may shrink.</summary>
    public ReadOnlySpan<byte> BehindBits { get; init; }

    public void Write(PeerBuffer to, PeerMessageKind kind)
    {
        ByteWriter body = to.Begin(kind, PeerFrame.ControlPartition);
        body.WriteInt64(SentMicros);
        body.WriteInt64(WallMs);
        body.WriteUInt64(MapEpoch);
        body.WriteUInt32((uint)Math.Min(SyncMicros, uint.MaxValue));
        body.WriteByte((byte)((HasSlowDisk ? SlowDiskFlag : 0) | (KeepsHints ? HintsFlag : 0) | (IsStopping ? StopsFlag : 0)));
        body.WriteByte(Level);
        Log.Encode(body);
        body.WriteBlob(IncompleteBits);
        body.WriteBlob(BehindBits);
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
            IsStopping = (flags & StopsFlag) != 0,
            Level = reader.ReadByte(),
            Log = LogPosition.Decode(ref reader),
            IncompleteBits = reader.ReadBlob(),
            BehindBits = reader.ReadBlob(),
        };
        return reader.Complete;
    }
}
