// One slice of a node: its partitions' rows, and the requests this node coordinates on them.
//
// The host enters the shard's lock, calls BeginTurn, any number of inputs, EndTurn, leaves the lock, and performs the effects in the
// outbox. Everything here runs to its end within the turn; what has to wait is an Operation in the table, a parked message, or a
// place in a key's queue. The way of a write: Execute -> WriteOperation -> LocalRows.Apply (merge, append) -> WritePhase (frames to
// the peers) -> OnPeerMessage (their answers) -> Reply.

using Torc.Core.Cells;
using Torc.Core.Clocks;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Protocols.Resp;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

public sealed class Shard
{
    internal const string DamagedError =
        "DAMAGED the record of this key cannot be read from disk and no other replica has it; torc inspect says what is wrong, writing the key again replaces it";

    private readonly TorcNode _node;
    private readonly StorageOptions _storage;
    private readonly Completeness _completeness;
    private readonly bool[] _behind;
    private readonly RequestRouting _routing;
    private readonly PeerReplies _replies;
    private readonly MapChange _mapChange;
    private readonly ShardRepair _repair;
    private readonly ExpirySweep _expiry;
    private readonly FloorSweep _floorSweep;
    private readonly FormerCopies _former;
    private readonly ParkedOperations _parked;
    private readonly ByteWriter _reply = new();
    private int _replyStart;
    private bool _doubtsItsLog;

    internal Shard(TorcNode node, int index, ShardStore store, RecoveryReport report, IDisk disk, StorageOptions storage)
    {
        _node = node;
        _storage = storage;
        Index = index;
        RecordBytesMax = storage.RecordBytesMax;
        Store = store;
        View = node.View;
        Clock = new HybridClock(node.Actor);
        Floors = new Floors(store);
        Trees = new RowTrees(store, Floors, node.PartitionCount);
        _completeness = Completeness.Open(store, disk, storage.Durability, node.PartitionCount, report, node.Identity.Incarnation);
        _doubtsItsLog = !_completeness.IsProved && node.Identity.Map is not null; // a node that was no member may still be told that it was one
        _behind = new bool[node.PartitionCount];
        Garbage = GarbageFloors.Open(store, disk, Clock, _completeness);
        Tombstones = new Tombstones(this);
        Rows = new LocalRows(store, Floors, Trees, Garbage, _completeness);
        Replicas = new ReplicaRequests(this);
        Placement = new PlacementGate(this);
        _routing = new RequestRouting(this);
        _replies = new PeerReplies(this);
        _mapChange = new MapChange(this);
        Operations = new OperationTable(node.Options.OperationsMax);
        RepairBudget = new RepairBudget(Math.Max(node.Options.RepairBytesPerSecondMax / node.Identity.ShardCount, 1));
        Gate = new KeyGate(node.Options.WaitersPerKeyMax);
        Pool = new OperationPool(this);
        _parked = new ParkedOperations(Pool);
        Hints = new Hints(this);
        Fallbacks = new Fallbacks(this);
        HintReplay = new HintReplay(this);
        Relays = new Relays(this);
        Approaches = new Approaches(this);
        _repair = new ShardRepair(this, keepsTrees: storage.Mode == StorageMode.Log);
        _expiry = new ExpirySweep(this);
        _floorSweep = new FloorSweep(this);
        _former = new FormerCopies(this);
        ShardRecovery.Run(store, disk, this, _completeness, node.PartitionCount);
        Hints.Load(disk, node.PartitionCount);
    }

    public int Index { get; }

    public ShardStore Store { get; }

    internal int PartitionsOfCluster => _node.PartitionCount;

    public int RecordBytesMax { get; }

    public NodeOptions Options => _node.Options;

    public CommandTable Commands => _node.Commands;

    /// <summary>
    /// Of the map by which this shard answers requests, and by which <see cref="CompletePartitions"/> speaks; 0 before there is one. It acts on no request for a
    /// partition that has changed since. Read from anywhere.
    /// </summary>
    public ulong MapEpoch => _mapChange.Epoch;

    /// <summary>Operations waiting for peers or storage: bounded by <see cref="NodeOptions.OperationsMax"/>.</summary>
    public int OperationsUnderWay => Operations.Count;

    /// <summary>Requests that other nodes sent here to coordinate, not answered yet.</summary>
    public int ForwardedUnderWay => _routing.Forwarded;

    public bool HasStalled => _parked.HasStalled;

    /// <summary>One flag per partition of the cluster; meaningful for this shard's own. Read by other threads.</summary>
    public IReadOnlyList<bool> CompletePartitions => _completeness.Flags;

    /// <summary>This run and those before it, of which the log that it found knows.</summary>
    public LogRuns Runs => _completeness.Runs;

    /// <summary>What lies before it outlives every crash that the durability is made for. Read by other threads.</summary>
    public long SafeOffset => _storage.Mode == StorageMode.Memory || _storage.Durability == Durability.Always ? Store.DurableOffset : Store.WrittenOffset;

    /// <summary>The same, once the log says that peers may be told; 0 before. Read by other threads.</summary>
    public long ToldOffset => IsLogSafe(_completeness.RunsEndOffset) ? SafeOffset : 0;

    /// <summary>No copy counts because it was in the log that this run found. Read by other threads.</summary>
    public bool DoubtsItsLog => Volatile.Read(ref _doubtsItsLog);

    /// <summary>How comparing with other replicas goes; any thread may read it, and ask for a round.</summary>
    public RepairProgress Repairs => _repair.Progress;

    /// <summary>Bytes of writes kept for each replica that is down, by node id. Look at it under the shard's lock.</summary>
    public IReadOnlyDictionary<ushort, long> HintBytes => Hints.WaitingBytes;

    /// <summary>How far replicas in other data centres are behind what this shard coordinated, by node id, in microseconds; see <see cref="Shards.RemoteWrites"/>. Call it under the shard's lock.</summary>
    public void CollectRemoteLags(IDictionary<ushort, long> behindMicros) => RemoteWrites.CollectLags(behindMicros, Now.MonotonicMicros);

    public Tombstones Tombstones { get; }

    internal ClusterView View { get; private set; }

    public SyncTime Syncs { get; } = new();

    internal Instant Now { get; private set; }

    internal Outbox Outbox { get; private set; } = null!;

    internal HybridClock Clock { get; }

    internal Floors Floors { get; }

    internal LocalRows Rows { get; }

    internal RowTrees Trees { get; }

    internal GarbageFloors Garbage { get; }

    internal ReplicaRequests Replicas { get; }

    internal PlacementGate Placement { get; }

    internal OperationTable Operations { get; }

    /// <summary>For what this shard pulls from others.</summary>
    internal RepairBudget RepairBudget { get; }

    internal KeyGate Gate { get; }

    internal OperationPool Pool { get; }

    internal Hints Hints { get; }

    internal Fallbacks Fallbacks { get; }

    internal HintReplay HintReplay { get; }

    internal RemoteWrites RemoteWrites { get; } = new();

    internal Relays Relays { get; }

    internal int ShardCount => _node.Shards.Count;

    /// <summary>For a delta that is applied before the turn goes on.</summary>
    internal ByteWriter Delta { get; } = new();

    /// <summary>By key: the read that asked other replicas in this turn, which later ones of the turn may join.</summary>
    internal Dictionary<ulong, ReadOperation> ReadsOfTurn { get; } = [];

    public void BeginTurn(Instant now, Outbox outbox)
    {
        _routing.OnTurn(Now, now);
        Now = now;
        Outbox = outbox;
        outbox.Map = View.Map;
        if (_mapChange.Epoch == 0 && View.IsFormed)
            TakeMap(View.Map);
    }

    public void EndTurn()
    {
        _completeness.Save(this);
        if (ReadsOfTurn.Count > 0)
            ReadsOfTurn.Clear();
    }

    /// <summary>Brings what inputs will look at towards the processor before they run.</summary>
    public Approaches Approaches { get; }

    /// <summary>A request of this node's own client, or one that a peer forwarded here.</summary>
    public void Execute(Request request) => _routing.Route(request, maySendOn: false);

    public void OnPeerMessage(ushort from, in PeerMessage message)
    {
        if (View.IsFenced(from))
            return;
        switch (message.Kind)
        {
            case PeerMessageKind.Write or PeerMessageKind.Read or PeerMessageKind.Hint or PeerMessageKind.Scan or PeerMessageKind.List
                or PeerMessageKind.TreeRoots or PeerMessageKind.TreeNodes or PeerMessageKind.Floor or PeerMessageKind.Relay:
                Replicas.Handle(from, message, null);
                break;
            case PeerMessageKind.PassedWrite:
                Replicas.HandlePassed(from, message);
                break;
            case PeerMessageKind.Forward:
                _routing.OnForward(from, message);
                break;
            default:
                _replies.Handle(from, message);
                break;
        }
    }

    public void OnColdRead(ColdRead read) => _parked.OnColdRead(read);

    /// <summary>A flush or a maintenance task ended: what found the log full tries again.</summary>
    public void OnStorageProgress() => _parked.OnStorageProgress();

    public void OnViewChanged(ClusterView view)
    {
        ClusterView previous = View;
        View = view;
        if (view.IsFormed)
            TakeMap(previous.Map);
        if (view.LogWentBack && !DoubtsItsLog)
            DoubtLog();
        if (!view.IsFormed)
            return;
        Hints.OnView(view);
        foreach (PeerState peer in previous.Peers)
        {
            if (!peer.IsUp || view.IsUp(peer.Node.Id))
                continue;
            RemoteWrites.OnPeerDown(peer.Node.Id);
            Relays.OnPeerDown(peer.Node.Id);
            Operations.PeerDown(peer.Node.Id, Pool);
        }
        foreach (PeerState peer in view.Peers)
        {
            if (peer.IsUp && previous.IsFormed && !previous.IsUp(peer.Node.Id))
                _repair.CatchUp.OnPeerUp(peer.Node.Id);
        }
    }

    /// <summary>Called every <see cref="NodeOptions.TickIntervalMs"/>.</summary>
    public void Tick()
    {
        OnStorageProgress();
        RepairBudget.Refill(Now);
        Operations.Tick(Now, Pool);
        _completeness.OnTick(View);
        if (View.Refusal is not null)
            return;
        _repair.Run();
        _floorSweep.Run();
        Tombstones.Run();
        _former.Run();
        _expiry.Run();
        HintReplay.Run();
        Relays.Run();
        if (!RemoteWrites.IsEmpty)
            RemoteWrites.Run(View, Hints.WaitingBytes, Now.MonotonicMicros);
    }

    /// <summary>A message of a frame is for this shard, not for another or the control plane.</summary>
    public bool IsFor(in PeerMessage message) => message.Partition != PeerFrame.ControlPartition && IsHere(message.Partition);

    /// <summary>This shard holds the node's copy of a partition, if the node has one.</summary>
    internal bool IsHere(int partition) => partition % _node.Shards.Count == Index;

    internal bool Owns(int partition) => IsHere(partition) && View.Map!.IsReplica(partition, View.Self);

    /// <summary>Owns it, or is to: the partition is moving here, and writes come already.</summary>
    internal bool Holds(int partition) => IsHere(partition) && View.Map!.IsMember(partition, View.Self);

    /// <summary>Whether a node is in another data centre than this one.</summary>
    internal bool IsRemote(ClusterMap map, ushort node) => map.DataCentreCount > 1 && map.PlaceOf(View.Self) >= 0 && map.DataCentreOf(node) != map.DataCentreOf(View.Self);

    /// <summary>The log is as durable up to an offset as its mode promises: what was acknowledged there is not lost.</summary>
    internal bool IsLogSafe(long offset) => SafeOffset >= offset;

    /// <summary>What lies before an offset outlives a power loss, as far as this node's durability ever asks for that; replies with <c>always</c> wait for it anyway.</summary>
    internal bool IsOnDisk(long offset) => _storage.Durability != Durability.EverySecond || Store.DurableOffset >= offset;

    internal bool IsComplete(int partition) => _completeness.IsComplete(partition);

    internal bool IsBehind(int partition) => _behind[partition];

    internal void SetBehind(int partition, bool behind) => Volatile.Write(ref _behind[partition], behind);

    internal void SetComplete(ushort partition, bool complete)
    {
        if (_completeness.IsComplete(partition) == complete)
            return;
        _completeness.Set(partition, complete);
        if (!complete)
            Tombstones.OnIncomplete(partition);
        Emit(new NodeEvent(complete ? NodeEventKind.PartitionComplete : NodeEventKind.PartitionIncomplete, partition));
    }

    internal void OnExchanged(ExchangeOperation exchange) => _repair.OnExchanged(exchange);

    /// <summary>Up to where a keyspace was flushed. For checkers.</summary>
    public Version FloorOf(byte keyspace, int partition) => Floors.Of(keyspace, (ushort)partition).Version;

    /// <summary>The root of a Merkle tree, 0 without rows; false while it is not built. For checkers.</summary>
    public bool TryGetTreeRoot(byte keyspace, int partition, out ulong root)
    {
        bool isBuilt = Trees.TryGetTree(keyspace, (ushort)partition, out Core.Repair.MerkleTree? tree);
        root = tree?.Root ?? 0;
        return isBuilt;
    }

    /// <summary>Merges a delta into the local copy; over a row that cannot be read, this copy stops counting: that one may have been newer.</summary>
    internal ApplyResult Apply(in RecordKey key, in RowView delta, ColdRead? finished) =>
        NoteDamage(key.Partition, Rows.Apply(key, delta, finished, Outbox));

    /// <summary>The same for a row that an exchange fetched: see <see cref="LocalRows.Restore"/>.</summary>
    internal ApplyResult Restore(in RecordKey key, in RowView fetched, ulong doubtedBelow, ColdRead? finished) =>
        NoteDamage(key.Partition, Rows.Restore(key, fetched, doubtedBelow, finished, Outbox));

    private ApplyResult NoteDamage(ushort partition, in ApplyResult applied)
    {
        if (applied.WasDamaged && applied.Outcome != ApplyOutcome.Stalled)
            OnDamagedRecord(partition);
        return applied;
    }

    /// <summary>A record here cannot be read: with other replicas this copy stops counting until it has caught up with them.</summary>
    internal void OnDamagedRecord(ushort partition)
    {
        Trees.OnDamaged(partition);
        OnDamageScanned(partition);
    }

    /// <summary>The same, met by the scan that builds a tree, which leaves the record out.</summary>
    internal void OnDamageScanned(ushort partition)
    {
        string where = Store.LastDamage is { } damage ? $"damage in {damage.File} at {damage.Offset}: {damage.What}" : "damage";
        Emit(new NodeEvent(NodeEventKind.DamagedRead, partition, Detail: where));
        if (View.Map!.MembersOf(partition).Length == 1)
            return;
        SetComplete(partition, false);
        Garbage.OnUnknown(partition);
        _repair.CatchUp.OnDamaged(partition);
    }

    /// <summary>The log has gone back in time (<see cref="Control.LogPositions"/>): what is left is as it was at a moment before, as after a loss of power.</summary>
    private void DoubtLog()
    {
        for (ushort partition = 0; View.IsFormed && partition < PartitionsOfCluster; partition++)
        {
            if (!Holds(partition) || View.Map!.MembersOf(partition).Length == 1)
                continue;
            SetComplete(partition, false);
            _repair.CatchUp.OnDamaged(partition);
        }
        Volatile.Write(ref _doubtsItsLog, true);
    }

    /// <summary>Runs a request with this node as its coordinator.</summary>
    internal void RunHere(Request request)
    {
        switch (request.Kind)
        {
            case CommandKind.Read:
                if (!Gate.IsEmpty || !ReadOperation.TryAnswer(this, request))
                    Begin(Pool.TakeRead(), request);
                break;
            case CommandKind.Write or CommandKind.PartitionFlush:
                if (!Gate.IsEmpty || !ChangeOperation.TryApply(this, request))
                    Begin(Pool.TakeWrite(), request);
                break;
            case CommandKind.ReadModifyWrite:
                if (!Gate.IsEmpty || !ChangeOperation.TryApply(this, request))
                    Begin(Pool.TakeModify(), request);
                break;
            case CommandKind.PartitionScan:
                var scan = new ScanOperation(this, request);
                Operations.Add(scan, Deadline(Options.OperationTimeoutMs));
                scan.Begin();
                break;
            case CommandKind.PartitionCount:
                PartitionCount.Write(Store, request, BeginReply(request));
                EndReply(request);
                break;
            default:
                throw new InvariantException($"a request of kind {request.Kind} reached a shard");
        }
    }

    /// <summary>Waits for a cold read, or for space in the log when null.</summary>
    internal void Park(IResumable resumable, ColdRead? cold) => _parked.Park(resumable, cold, Outbox);

    /// <summary>A change was stamped and applied here: what a checker of promises has to see again. <paramref name="written"/> is another version when nothing was stamped.</summary>
    internal void TraceStamped(Request request, Version stamp, Version written)
    {
        if (Options.TracesPromises && written == stamp)
            Emit(new NodeEvent(NodeEventKind.Stamped, request.Partition, stamp));
    }

    /// <summary>A write was acknowledged by so many replicas as its level asks for.</summary>
    internal void TraceLevelMet(Request request, ClusterMap map, Version written, ReplicaSet counted, int required, ReplicaSet hinted = default)
    {
        if (Options.TracesPromises)
            Emit(new NodeEvent(NodeEventKind.LevelMet, request.Partition, written, Replicas: counted.Bits, Count: required, Level: request.WriteLevel, Hinted: hinted.Bits, Epoch: map.Epoch));
    }

    internal void Emit(in NodeEvent happened) => Outbox.Events.Add(happened);

    /// <summary>Where to write a request's reply; <see cref="EndReply"/> sends it.</summary>
    internal ByteWriter BeginReply(Request request)
    {
        ByteWriter target = request.Session is null ? _reply : Outbox.ReplyBytes;
        if (request.Session is null)
            _reply.Clear();
        _replyStart = target.Length;
        return target;
    }

    internal void EndReply(Request request, bool refused = false)
    {
        if (request.Session is not null)
        {
            Outbox.Replies.Add(new SessionReply(request, _replyStart, Outbox.ReplyBytes.Length - _replyStart));
            return;
        }
        if (request.Sweep is { } sweep)
        {
            sweep.OnEnded(request);
            return;
        }
        _routing.AnswerForwarded(request, refused, _reply.Written);
    }

    internal void Reply(Request request, ReadOnlySpan<byte> reply, bool refused)
    {
        BeginReply(request).Write(reply);
        EndReply(request, refused);
    }

    internal void ReplyError(Request request, string error, bool refused)
    {
        BeginReply(request).Error(error);
        EndReply(request, refused);
    }

    internal long Deadline(int timeoutMs) => Now.MonotonicMicros + timeoutMs * Instant.MicrosPerMs;

    private void Begin(KeyOperation operation, Request request)
    {
        operation.Begin(request);
        Pool.PutBack(operation);
    }

    /// <summary>The view has another map than before; the first may have been there from the start.</summary>
    private void TakeMap(ClusterMap? previous)
    {
        ClusterMap map = View.Map!;
        if (_mapChange.Epoch == map.Epoch)
            return;
        Outbox.Map = map;
        bool isFirst = _mapChange.Epoch == 0;
        if (isFirst)
            Clock.Assume(_node.Actor);
        _mapChange.Take(isFirst ? null : previous, map);
        if (isFirst)
            _repair.CatchUp.OnFormed(_node.Control.WasBornWithMap);
        else
            _repair.CatchUp.OnMapChanged(previous!);
        OnStorageProgress();
    }
}
