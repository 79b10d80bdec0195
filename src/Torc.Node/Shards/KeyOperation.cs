using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// A request on one key, run by this node as its coordinator. The shard uses operations again: one that ended is put back by
/// whoever called it last, when no frame of it is left on the stack (<see cref="OperationPool"/>).
/// </summary>
internal abstract class KeyOperation(Shard shard) : Operation(shard), IResumable
{
    /// <summary>Buffers that grew beyond it are given up before an operation is used again.</summary>
    protected const int KeptBytesMax = 16 * 1024;

    protected const string ValueOutOfReachError =
        "UNAVAILABLE the value of this key is on replicas that are down or catching up: those that can be asked have only heard of a change of its expiry; wait for nodes to come back (torc status shows them)";

    public Request Request { get; private set; } = null!;

    /// <summary>The map that it counts by; when its partition changes it begins again (<see cref="OnMoved"/>).</summary>
    public ClusterMap Map { get; private set; } = null!;

    public bool HoldsKey { get; set; }

    /// <summary>Waiting for a cold record or for space.</summary>
    public bool IsParked { get; private set; }

    /// <summary>Keys that collide wait for each other, which is harmless.</summary>
    public ulong GateKey { get; private set; }

    public RecordKey RecordKey => new(Request.Keyspace, Request.Partition, Request.KeyHash, Request.Key);

    /// <summary>All that the request goes to, newcomers of a pending move behind the present ones.</summary>
    public ReadOnlySpan<ushort> Replicas => Map.MembersOf(Request.Partition);

    public int LocalIndex => Replicas.IndexOf(Shard.View.Self);

    public bool IsEnded { get; private set; } = true;

    /// <summary>The read from disk that brought the local record, for changes in a later turn: the record may still be on disk only.</summary>
    public ColdRead? Finished { get; private set; }

    /// <summary>It is in the pool.</summary>
    public bool IsPutBack { get; set; }

    /// <summary>Nobody will call it again: one that ended while it waited for storage is still to be called from there.</summary>
    public bool IsReusable => IsEnded && !IsParked;

    /// <summary>Replicas, this node included, that are up and whole: what a level can be met with.</summary>
    public ReplicaSet WholeReplicas
    {
        get
        {
            ReplicaSet whole = ReplicaSet.Empty;
            for (int i = 0; i < Replicas.Length; i++)
            {
                bool counts = Replicas[i] == Shard.View.Self ? Counts(i, Shard.IsComplete(Request.Partition)) : CanAsk(i);
                if (counts)
                    whole = whole.With(i);
            }
            return whole;
        }
    }

    /// <summary>Whether a peer is up and its answer can count.</summary>
    public bool CanAsk(int replica) =>
        Shard.View.IsUp(Replicas[replica]) && Counts(replica, Shard.View.IsPeerComplete(Replicas[replica], Request.Partition));

    /// <summary>Whether what a replica holds counts.</summary>
    public bool Counts(int replica, bool complete) => JointRules.Counts(Map, Request.Partition, Replicas[replica], complete);

    /// <summary>This node may run requests of the partition: it is a replica, and whole.</summary>
    public bool MayCoordinate => Map.IsReplica(Request.Partition, Shard.View.Self) && Shard.IsComplete(Request.Partition);

    /// <summary>What a level asks of the replicas of this key, coordinated here.</summary>
    public QuorumRule RuleOf(ConsistencyLevel level) => JointRules.Of(Map, level, Request.Partition, Shard.View.Self);

    /// <summary>"2 of 3 replicas and 1 is up and whole", for the text of an UNAVAILABLE.</summary>
    protected string Shortage(in QuorumRule rule)
    {
        int whole = WholeReplicas.And(rule.Members).Count;
        return $"{rule.Required} of {rule.Members.Count} replicas and {whole} {(whole == 1 ? "is" : "are")} up and whole";
    }

    /// <summary>Whether a fallback's hint counts towards the request's level.</summary>
    public virtual bool HintsCount => false;

    /// <summary>Enters the key's gate and runs when nobody is in front.</summary>
    public void Begin(Request request)
    {
        Check.That(IsReusable);
        IsPutBack = IsEnded = false;
        Finished = null;
        Request = request;
        Map = Shard.View.Map!;
        GateKey = request.GateKey;
        Reset();
        switch (Shard.Gate.Enter(this))
        {
            case KeyGate.Entry.Entered:
                OnStart();
                break;
            case KeyGate.Entry.Full:
                Refuse("BUSY too many commands wait for this key; try again later");
                break;
        }
        if (!IsEnded)
            Register();
    }

    public override void Approach() => ProcessorCache.Prefetch(Request, Request.ApproachedBytes);

    public sealed override void OnMapChanged(ClusterMap previous, ClusterMap map)
    {
        bool moved = map.EpochOf(Request.Partition) != Map.EpochOf(Request.Partition);
        Map = map;
        if (moved && !IsEnded)
            OnMoved();
    }

    /// <summary>The partition's replicas changed: what was asked of them is asked again, of the new ones. One that waits for its turn or for storage has asked nothing.</summary>
    protected abstract void OnMoved();

    /// <summary>From now on answers of peers and time find it: before something is asked of a peer, and when it has to wait.</summary>
    public void Register()
    {
        if (!IsRegistered)
            Shard.Operations.Add(this, Shard.Deadline(Shard.Options.OperationTimeoutMs));
    }

    /// <summary>It is this operation's turn on its key, for which it waited.</summary>
    public void Start()
    {
        if (!IsEnded && IsStillHere())
            OnStart();
    }

    /// <summary>
    /// Whoever waited goes on by the present map, before anything is read or sent: the partition may have moved away, and what is left of the copy
    /// here answers nothing any more; nor does a node that was removed.
    /// </summary>
    private bool IsStillHere()
    {
        Map = Shard.View.Map!;
        if (Map.IsReplica(Request.Partition, Shard.View.Self) && Shard.View.Refusal is null)
            return true;
        OnMovedAway();
        return false;
    }

    /// <summary>It waited, and this node is no replica any more.</summary>
    protected virtual void OnMovedAway() => HandOver();

    /// <summary>Forgets the request before.</summary>
    protected abstract void Reset();

    protected abstract void OnStart();

    public void Resume(ColdRead? finished)
    {
        if (IsEnded)
            return;
        IsParked = false;
        Finished = finished ?? Finished;
        if (IsStillHere())
            OnResume(finished);
    }

    protected abstract void OnResume(ColdRead? finished);

    /// <summary>Waits for a cold read, or for space when null; <see cref="OnResume"/> follows. Holds the key meanwhile.</summary>
    protected void Park(ColdRead? cold)
    {
        IsParked = true;
        if (!Shard.Gate.Hold(this))
        {
            // Passed a holder on the way in: take the place behind it, and start over then.
            IsParked = false;
            return;
        }
        Shard.Park(this, cold);
    }

    /// <summary>Answers, leaves the key and ends.</summary>
    protected void Answer(ReadOnlySpan<byte> reply)
    {
        Shard.Reply(Request, reply, refused: false);
        End();
    }

    /// <summary>Answers with an error that proves nothing was applied.</summary>
    protected void Refuse(string error)
    {
        Shard.ReplyError(Request, error, refused: true);
        End();
    }

    /// <summary>Answers that the outcome is not known.</summary>
    protected void AnswerTimeout(string what, int acknowledged, int required)
    {
        Shard.Emit(new NodeEvent(NodeEventKind.TimedOut, Request.Partition, Count: acknowledged));
        Shard.ReplyError(Request, $"TIMEOUT {what}: {acknowledged} of {required} required replicas answered in time", refused: false);
        End();
    }

    /// <summary>The copy here turned out not to count: another replica takes the request.</summary>
    protected void HandOver()
    {
        Request request = Request;
        End();
        Shard.Execute(request);
    }

    protected void End()
    {
        Check.That(!IsEnded);
        IsEnded = true;
        if (HoldsKey)
            Shard.Gate.Leave(this);
        else
            Shard.Gate.Forget(this);
        Leave();
    }
}
