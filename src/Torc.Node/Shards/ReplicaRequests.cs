using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// What this node does as a replica for other coordinators: applies deltas, answers reads and scans. Every answer waits for
/// the log to be durable past what it tells of.
/// </summary>
internal sealed class ReplicaRequests(Shard shard)
{
    private readonly RangeScan _scan = new(shard);
    private readonly RangeListing _listing = new();
    private readonly ByteWriter _hashes = new();

    /// <summary>Messages that wait for the disk.</summary>
    public int Parked { get; set; }

    public void Handle(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!shard.Placement.Admits(from, message))
            return;
        bool valid = message.Kind switch
        {
            PeerMessageKind.Write => TryWrite(from, message, finished),
            PeerMessageKind.Relay => TryRelay(from, message),
            PeerMessageKind.Read => TryRead(from, message, finished),
            PeerMessageKind.Hint => TryHint(from, message, finished),
            PeerMessageKind.Scan => TryScan(from, message, finished),
            PeerMessageKind.List => TryList(from, message, finished),
            PeerMessageKind.TreeRoots => TryTreeRoots(from, message),
            PeerMessageKind.TreeNodes => TryTreeNodes(from, message),
            PeerMessageKind.Floor => TryFloor(from, message),
            _ => false,
        };
        if (!valid)
            shard.Emit(new NodeEvent(NodeEventKind.PeerRefused, message.Partition, Node: from, Detail: $"malformed {message.Kind}"));
    }

    /// <summary>A write that a relay passes on: as if its coordinator had sent it, who gets the answer, and the newer map if it acts by an older one.</summary>
    public void HandlePassed(ushort from, in PeerMessage message)
    {
        bool isValid = PassedWriteMessage.TryRead(message.Body, out PassedWriteMessage passed);
        bool isOfMember = isValid && passed.Coordinator != shard.View.Self && shard.View.Map?.NodeOf(passed.Coordinator) is not null;
        if (isOfMember)
            Handle(passed.Coordinator, new PeerMessage(PeerMessageKind.Write, message.Partition, message.Epoch, passed.WriteBody), null);
        else
            shard.Emit(new NodeEvent(NodeEventKind.PeerRefused, message.Partition, Node: from, Detail: isValid ? "a write passed on for no member" : "malformed PassedWrite"));
    }

    /// <summary>The key that a write or a read is about.</summary>
    public static bool TryKeyOf(in PeerMessage message, out RecordKey key, out RecordUse use)
    {
        byte keyspace = 0;
        ReadOnlySpan<byte> name = default;
        bool known = message.Kind switch
        {
            PeerMessageKind.Write => WriteMessage.TryReadKey(message.Body, out keyspace, out name),
            PeerMessageKind.Read => ReadMessage.TryReadKey(message.Body, out keyspace, out name),
            _ => false,
        };
        use = message.Kind == PeerMessageKind.Write ? RecordUse.Change : RecordUse.Read;
        key = known ? new RecordKey(keyspace, message.Partition, name) : default;
        return known;
    }

    private static bool IsReplicated(byte keyspace) => keyspace is < KeyspaceSettings.UserKeyspacesMax or KeyspaceSettings.SystemId;

    private bool TryWrite(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!WriteMessage.TryRead(message.Body, out WriteMessage write) || !IsReplicated(write.Keyspace))
            return false;
        shard.Clock.Observe(write.Delta.MaxVersion);
        var key = new RecordKey(write.Keyspace, message.Partition, write.Key);
        ApplyResult applied = shard.Apply(key, write.Delta, finished);
        if (applied.Outcome is ApplyOutcome.Cold or ApplyOutcome.Stalled)
        {
            if (!TryPark(from, message, applied.Cold))
                new WriteReply(write.Operation, WriteStatus.Refused, Complete: false, Version.None).Write(shard.Outbox.Gated(from), message.Partition);
            return true;
        }
        WriteStatus status = applied.Outcome != ApplyOutcome.Applied ? WriteStatus.Refused
            : applied.Reflected ? WriteStatus.Applied
            : WriteStatus.Superseded;
        var reply = new WriteReply(write.Operation, status, shard.IsComplete(message.Partition), applied.Winner);
        reply.Write(shard.Outbox.Gated(from), message.Partition);
        return true;
    }

    /// <summary>This node is the relay of a write: the others are sent it before anything here waits for storage, then it is a write like any other.</summary>
    private bool TryRelay(ushort from, in PeerMessage message)
    {
        if (!RelayMessage.TryRead(message.Body, out RelayMessage relay))
            return false;
        for (int index = 0; index < relay.Count; index++)
        {
            ushort node = relay.NodeAt(index);
            if (node != shard.View.Self && shard.View.Map!.IsMember(message.Partition, node) && shard.View.IsUp(node))
                PassedWriteMessage.Write(shard.Outbox.Immediate(node), message.Partition, from, relay.WriteBody);
        }
        return TryWrite(from, new PeerMessage(PeerMessageKind.Write, message.Partition, message.Epoch, relay.WriteBody), null);
    }

    private bool TryRead(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!ReadMessage.TryRead(message.Body, out ReadMessage read) || !IsReplicated(read.Keyspace))
            return false;
        var key = new RecordKey(read.Keyspace, message.Partition, read.Key);
        FindOutcome outcome = shard.Rows.Read(key, finished, shard.Outbox, out RowView row, out ColdRead? cold);
        if (outcome == FindOutcome.Cold)
        {
            if (!TryPark(from, message, cold))
                ReadReply.WriteFailure(shard.Outbox.Gated(from), message.Partition, read.Operation, ReadStatus.Refused, complete: false);
            return true;
        }
        if (outcome == FindOutcome.Damaged)
        {
            shard.OnDamagedRecord(message.Partition);
            ReadReply.WriteFailure(shard.Outbox.Gated(from), message.Partition, read.Operation, ReadStatus.Damaged, complete: false);
            return true;
        }
        ReadReply.Write(shard.Outbox.Gated(from), message.Partition, read.Operation, shard.IsComplete(message.Partition), read.WantsData, row);
        return true;
    }

    private bool TryHint(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!HintMessage.TryRead(message.Body, out HintMessage hint) || !IsReplicated(hint.Keyspace))
            return false;
        HintTaken taken = shard.Hints.Take(hint, message.Partition, finished);
        if (taken.Waits && TryPark(from, message, taken.Cold))
            return true;
        if (hint.Operation != HintMessage.NoOperation)
            new HintReply(hint.Operation, hint.Target, taken.Status, taken.Winner).Write(shard.Outbox.Gated(from), message.Partition);
        return true;
    }

    private bool TryScan(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!ScanMessage.TryRead(message.Body, out ScanMessage scan) || !IsReplicated(scan.Keyspace))
            return false;
        ScanOutcome outcome = _scan.Run(scan.Keyspace, message.Partition, scan.From, scan.Budget, finished, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            if (!TryPark(from, message, cold))
                ScanReply.Write(shard.Outbox.Gated(from), message.Partition, scan.Operation, ReadStatus.Refused, complete: false, 0, Version.None, 0, default);
            return true;
        }
        ScanReply.Write(
            shard.Outbox.Gated(from), message.Partition, scan.Operation, ReadStatus.Answered, shard.IsComplete(message.Partition),
            _scan.End, shard.Floors.Of(scan.Keyspace, message.Partition).Version, _scan.Count, _scan.Entries);
        return true;
    }

    private bool TryList(ushort from, in PeerMessage message, ColdRead? finished)
    {
        if (!ListMessage.TryRead(message.Body, out ListMessage list) || !IsReplicated(list.Keyspace))
            return false;
        ScanOutcome outcome = _scan.Run(list.Keyspace, message.Partition, list.From, list.To, list.Budget, finished, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            // An exchange that gets no answer asks again by itself.
            TryPark(from, message, cold);
            return true;
        }
        _scan.CopyTo(_listing);
        ByteWriter body = ListReply.Begin(
            shard.Outbox.Gated(from), message.Partition, list.Operation, ReadStatus.Answered, shard.IsComplete(message.Partition), _scan.End);
        _listing.Encode(body);
        shard.Outbox.Gated(from).End();
        return true;
    }

    private bool TryTreeRoots(ushort from, in PeerMessage message)
    {
        if (!TreeRootsMessage.TryRead(message.Body, out TreeRootsMessage roots))
            return false;
        // Its floors are in the log before others act on them.
        PeerBuffer to = shard.Outbox.Gated(from);
        shard.Outbox.Observe(shard.Garbage.EndOffset);
        ByteWriter body = TreeRootsReply.Begin(to, message.Partition, roots, shard.IsComplete(message.Partition), shard.Garbage.Of(message.Partition));
        for (int index = 0; index < RowTrees.Keyspaces; index++)
        {
            byte keyspace = RowTrees.KeyspaceAt(index);
            bool isBuilt = shard.Trees.TryGetTree(keyspace, message.Partition, out MerkleTree? tree);
            if (!isBuilt || tree is not null)
                PeerRoot.Write(body, keyspace, tree);
        }
        to.End();
        return true;
    }

    private bool TryTreeNodes(ushort from, in PeerMessage message)
    {
        if (!TreeNodesMessage.TryRead(message.Body, out TreeNodesMessage nodes) || !IsReplicated(nodes.Keyspace))
            return false;
        _hashes.Clear();
        bool answered = shard.Trees.TryGetTree(nodes.Keyspace, message.Partition, out MerkleTree? tree)
            && TreeDescent.TryAnswer(tree, nodes.Level, nodes.Nodes, _hashes);
        TreeNodesReply.Write(shard.Outbox.Immediate(from), message.Partition, nodes.Operation, answered, answered ? _hashes.Written : default);
        return true;
    }

    private bool TryFloor(ushort from, in PeerMessage message)
    {
        bool isValid = FloorMessage.TryRead(message.Body, out FloorMessage floor) && shard.View.IsFormed && message.Partition < shard.PartitionsOfCluster;
        if (!isValid)
            return false;
        shard.Tombstones.Keeping.OnMessage(from, floor, message.Partition);
        return true;
    }

    /// <summary>Keeps a message until the record it needs was read, or, when null, for the next tick; false: too many wait already.</summary>
    public bool TryPark(ushort from, in PeerMessage message, ColdRead? cold)
    {
        if (Parked >= shard.Options.ParkedMessagesMax)
            return false;
        Parked++;
        shard.Park(new ParkedMessage(shard, from, message), cold);
        return true;
    }
}
