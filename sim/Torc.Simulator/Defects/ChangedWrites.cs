using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Runs;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>
/// Deltas that a replica stores otherwise than they were sent. A write that another node stamped than the one that sends it, or of an operation that has
/// read before, is a repair or a hint; so clients must not ask for read-modify-writes where that matters.
/// </summary>
internal sealed class ChangedWrites(Defect defect, NodeHost host) : FrameTampering
{
    private readonly HashSet<(ushort From, int Shard, ulong Operation)> _reads = [];

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.Read && ReadMessage.TryRead(message.Body, out ReadMessage read))
            _reads.Add((from, host.Node.ShardOf(message.Partition), read.Operation));
        if (message.Kind != PeerMessageKind.Write || !WriteMessage.TryRead(message.Body, out WriteMessage write))
        {
            Write(to, message, message.Body);
            return;
        }
        bool isRepair = write.Delta.MaxVersion.Actor.NodeId != from || (defect == Defect.RepairNotStored && HasRead(from, message.Partition, write.Operation));
        if (defect == Defect.RepairNotStored && isRepair)
        {
            WriteNothing(to, message, write);
            return;
        }
        using var row = new ByteWriter();
        Version version = defect switch
        {
            Defect.RepairRestamps when isRepair => Restamp(write.Delta, row),
            Defect.ExpiryStampedAfresh when write.Delta.HasDeadline && !write.Delta.BaseVersion.IsNone => StampExpiry(write.Delta, row),
            _ => RowWriter.Copy(row, write.Delta),
        };
        WriteDelta(to, message, write, version, row.Written);
    }

    private bool HasRead(ushort from, ushort partition, ulong operation) => _reads.Contains((from, host.Node.ShardOf(partition), operation));

    /// <summary>The row as if it had been written now.</summary>
    private Version Restamp(in RowView row, ByteWriter to)
    {
        Version fresh = Fresh(row.MaxVersion);
        if (row.IsDeleted)
            return RowWriter.Tombstone(to, fresh);
        return row.HasStringCell ? RowWriter.String(to, fresh, row.StringValue, row.DeadlineMs) : RowWriter.Copy(to, row);
    }

    /// <summary>The row with its deadline as if that had been set now.</summary>
    private Version StampExpiry(in RowView row, ByteWriter to)
    {
        using var expiry = new ByteWriter();
        Version fresh = RowWriter.Expiry(expiry, Fresh(row.MaxVersion), row.BaseVersion, row.Kind, row.DeadlineMs);
        Check.That(RowView.TryDecode(fresh, expiry.Written, out RowView delta));
        MergeOutcome outcome = RowMerge.Merge(row, delta, to, out Version max);
        Check.That(outcome != MergeOutcome.KeptLeft);
        if (outcome == MergeOutcome.TookRight)
            RowWriter.Copy(to, delta);
        return max;
    }

    private Version Fresh(Version above)
    {
        ulong wall = (ulong)Math.Max(host.Now.WallMs, 0) << Version.CounterBits;
        return new Version(Math.Max(wall, above.Stamp + 1), above.ActorValue);
    }
}
