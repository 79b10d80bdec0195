using Torc.Core.Cells;
using Torc.Core.Replication;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>A write that does not depend on the old value: a plain SET, a floor. The local row is read only to stamp above it.</summary>
internal sealed class WriteOperation(Shard shard) : ChangeOperation(shard)
{
    /// <summary>In a sloppy keyspace, but never towards ALL.</summary>
    public override bool HintsCount => Request.WriteLevel != ConsistencyLevel.All && Map.IsSloppy(Request.Keyspace);

    protected override void OnStart() => Run(null);

    protected override void OnResume(ColdRead? finished) => Run(finished);

    private void Run(ColdRead? finished)
    {
        if (!MayStamp())
            return;
        FindOutcome outcome = Shard.Rows.Read(RecordKey, finished, Shard.Outbox, out RowView row, out RecordView record, out ColdRead? cold);
        switch (outcome)
        {
            case FindOutcome.Cold:
                Park(cold);
                break;
            case FindOutcome.Damaged when Replicas.Length > 1 && !WasSent:
                Shard.OnDamagedRecord(Request.Partition);
                HandOver();
                break;
            case FindOutcome.Damaged:
                // Nobody else can say what was there; a new base replaces it, stamped by a clock that saw every version this node recovered.
                ChangeHere(RowView.Absent, record.Place);
                break;
            default:
                ChangeHere(row, record.Place);
                break;
        }
    }
}
