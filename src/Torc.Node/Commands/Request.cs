using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>
/// One command on its way: arguments, settings of its connection, and who waits for its reply (a session's ticket, or
/// an operation of a peer that forwarded it). A client's command is also its place among the replies of its connection. Used again by
/// whoever makes the next one.
/// </summary>
public sealed class Request
{
    /// <summary>Of a request, what is looked at when it is answered.</summary>
    internal const int ApproachedBytes = 192;

    private const int KeptReplyBytesMax = 4096;
    private ByteWriter? _reply;

    public CommandBuffer Arguments { get; } = new();

    /// <summary>Null only between parsing and look-up.</summary>
    public CommandSpec Spec { get; set; } = null!;

    /// <summary>What this call needs, after <see cref="CommandSpec.KindFor"/>.</summary>
    public CommandKind Kind { get; set; }

    public byte Keyspace { get; set; }

    /// <summary>RESP version of the reply.</summary>
    public RespProtocol Protocol { get; set; } = RespProtocol.Resp2;

    public ConsistencyLevel ReadLevel { get; set; } = ConsistencyLevel.Quorum;

    public ConsistencyLevel WriteLevel { get; set; } = ConsistencyLevel.Quorum;

    public int KeyIndex { get; private set; }

    public ulong KeyHash { get; private set; }

    /// <summary>What changes of one key wait for each other by; keys that collide wait needlessly, which is harmless.</summary>
    public ulong GateKey => KeyHash ^ ((ulong)Keyspace << 56);

    public int Slot { get; private set; }

    public ushort Partition { get; private set; }

    /// <summary>The session that waits, or null when a peer does.</summary>
    public Session? Session { get; set; }

    /// <summary>Of a request that a plan issued: the command that the plan serves. Null: it is a client's command itself.</summary>
    internal Request? Call { get; set; }

    /// <summary>The number of the session's command. Requests are used again, by any session; a late reply to an earlier command's plan has another.</summary>
    internal long Ticket { get; set; }

    internal long StartedMicros { get; set; }

    /// <summary>The client does not want the reply.</summary>
    internal bool IsMuted { get; set; }

    internal PlanContext? Plan { get; set; }

    /// <summary>Its reply is here and waits for those before it.</summary>
    internal bool IsAnswered { get; private set; }

    internal ReadOnlySpan<byte> KeptReply => _reply is null ? default : _reply.Written;

    /// <summary>It went to a coordinator and is not answered yet; see <see cref="KeyOrder"/>.</summary>
    internal bool IsUnderWay { get; set; }

    /// <summary>The node that it went to.</summary>
    internal int Coordinator { get; set; }

    /// <summary>While it is under way and a plan issued it, its neighbours among those of its session.</summary>
    internal Request? PreviousPart { get; set; }

    internal Request? NextPart { get; set; }

    /// <summary>Which of a plan's requests this is.</summary>
    public int Part { get; set; }

    /// <summary>The forwarding peer and its operation, when <see cref="Session"/> is null.</summary>
    public ushort OriginNode { get; set; }

    public ulong OriginOperation { get; set; }

    /// <summary>The sweep that made this request to delete an expired key; nobody else waits for it then.</summary>
    internal Shards.ExpirySweep? Sweep { get; set; }

    public ReadOnlySpan<byte> Key => Arguments[KeyIndex];

    /// <summary>Its level counts only replicas in the data centre of the node that its client is connected to.</summary>
    public bool IsLocal => Levels.IsLocal(Spec.IsWrite ? WriteLevel : ReadLevel);

    public bool IsPartitionRequest => Kind is CommandKind.PartitionCount or CommandKind.PartitionScan or CommandKind.PartitionFlush;

    /// <summary>Names the key and computes what routing needs of it.</summary>
    public void RouteByKey(int keyIndex, ClusterMap map)
    {
        KeyIndex = keyIndex;
        ReadOnlySpan<byte> key = Arguments[keyIndex];
        KeyHash = StableHash.Hash64(key);
        Slot = Slots.Of(key);
        Partition = (ushort)map.PartitionOf(Slot);
    }

    /// <summary>Addresses a whole partition, and a key of the system keyspace in it when <paramref name="keyIndex"/> is not 0.</summary>
    public void RouteToPartition(ushort partition, int keyIndex)
    {
        KeyIndex = keyIndex;
        KeyHash = keyIndex == 0 ? 0 : StableHash.Hash64(Arguments[keyIndex]);
        Slot = 0;
        Partition = partition;
    }

    internal void KeepReply(ReadOnlySpan<byte> reply)
    {
        Check.That(!IsAnswered);
        _reply ??= new ByteWriter(Math.Max(reply.Length, 64));
        _reply.Write(reply);
        IsAnswered = true;
    }

    /// <summary>Gives up the memory of replies.</summary>
    internal void DropReply()
    {
        _reply?.Dispose();
        _reply = null;
        Plan?.Reply.Dispose();
        Plan = null;
    }

    public void Reset()
    {
        Arguments.Clear();
        Spec = null!;
        Session = null;
        Call = null;
        Sweep = null;
        Ticket = 0;
        Part = 0;
        OriginNode = 0;
        OriginOperation = 0;
        IsMuted = false;
        if (Plan is not null)
            DropReply();
        if (IsAnswered)
            _reply?.ClearAndKeep(KeptReplyBytesMax); // of one that kept no reply the buffer is not even looked at: it is far from the processor
        IsAnswered = false;
    }
}
