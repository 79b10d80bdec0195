// Expired rows are deleted by the key's first healthy replica, through a read-modify-write like any other: no replica drops a
// value on its own clock, because a later EXPIRE that it has not seen may have prolonged it.

using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Node.Commands;
using Torc.Protocols.Resp;
using Torc.Storage;

namespace Torc.Node.Shards;

internal sealed class ExpirySweep(Shard shard) : IScanVisitor
{
    /// <summary>(Keyspace, partition) pairs looked at in one tick.</summary>
    private const int PlacesPerTickMax = 256;

    private readonly List<byte[]> _expired = [];
    private readonly HashSet<ulong> _underWay = []; // by key: one that waits behind another of its key would only run out of time there
    private int _position;
    private ulong _from;
    private int _visited;

    /// <summary>Deletes under way; the shard counts them down when they end.</summary>
    public int Outstanding { get; private set; }

    public void OnEnded(Request request)
    {
        Outstanding--;
        _underWay.Remove(request.GateKey);
    }

    /// <summary>Looks at a bounded number of records, beginning where the last call stopped.</summary>
    public void Run()
    {
        int budget = shard.Options.ExpiryRecordsPerTickMax;
        int places = shard.View.Map!.PartitionCount * KeyspaceSettings.UserKeyspacesMax;
        for (int looked = 0; looked < Math.Min(places, PlacesPerTickMax) && budget > 0; looked++)
        {
            if (Outstanding >= shard.Options.ExpiriesOutstandingMax)
                return;
            var partition = (ushort)(_position / KeyspaceSettings.UserKeyspacesMax);
            var keyspace = (byte)(_position % KeyspaceSettings.UserKeyspacesMax);
            budget -= LookAt(keyspace, partition, budget);
            if (_from == 0)
                _position = (_position + 1) % places;
        }
    }

    public void Visit(in RecordView record)
    {
        _visited++;
        if ((record.Flags & RecordFlags.HasDeadline) == 0 || (record.Flags & RecordFlags.Tombstone) != 0)
            return;
        if (RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row) && row.IsExpired(shard.Now.WallMs))
            _expired.Add(record.Key.ToArray());
    }

    private int LookAt(byte keyspace, ushort partition, int budget)
    {
        bool isMine = shard.Owns(partition)
            && Router.Coordinator(shard.View, CommandKind.ReadModifyWrite, partition, shard.IsComplete(partition), isLocal: false) == shard.View.Self;
        if (!isMine || shard.Store.Counts(keyspace, partition).WithDeadline == 0)
        {
            _from = 0;
            return 0;
        }
        _expired.Clear();
        _visited = 0;
        ScanOutcome outcome = shard.Store.Scan(keyspace, partition, _from, budget, null, this, out ulong end, out _);
        // Records that are not in memory can wait: reads see them as expired anyway.
        _from = outcome == ScanOutcome.Cold ? 0 : end;
        foreach (byte[] key in _expired)
            Delete(keyspace, key);
        return _visited;
    }

    private void Delete(byte keyspace, byte[] key)
    {
        CommandSpec spec = shard.Commands.Find(InternalCommands.Expire)!;
        var request = new Request { Spec = spec, Kind = spec.Kind, Keyspace = keyspace, Protocol = RespProtocol.Resp2 };
        request.Arguments.Add(spec.NameBytes);
        request.Arguments.Add(key);
        request.RouteByKey(1, shard.View.Map!);
        request.Sweep = this;
        if (!_underWay.Add(request.GateKey))
            return;
        Outstanding++;
        shard.RunHere(request);
    }
}
