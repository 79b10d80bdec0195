namespace Torc.Node.Peers;

/// <summary>How far a node's log, its shards together, had come in one run: <c>birth u64 | incarnation u64 | offset i64</c>.</summary>
/// <param name="Birth">Of the data directory; 0: nothing is known.</param>
/// <param name="Incarnation">Of the run.</param>
/// <param name="Offset">Sum over the shards: what lies before may have been acknowledged, and a crash that the node's durability is made for leaves it.</param>
public readonly record struct LogPosition(ulong Birth, ulong Incarnation, long Offset)
{
    /// <summary>That data directory holds less than this now, which another run of it had told.</summary>
    public bool IsBeyond(PeerGreeting run) => Birth == run.Birth && Incarnation != run.Incarnation && Offset > run.Runs.FoundAfter(Incarnation);

    public void Encode(ByteWriter to)
    {
        to.WriteUInt64(Birth);
        to.WriteUInt64(Incarnation);
        to.WriteInt64(Offset);
    }

    public static LogPosition Decode(ref ByteReader from) => new(from.ReadUInt64(), from.ReadUInt64(), from.ReadInt64());
}
