// Which partitions of a shard may lack acknowledged writes, remembered across restarts.
//
// One record in the local keyspace says, for the run that wrote it: its durability, one bit per partition that is complete, and
// which runs the log has had (Peers/LogRuns). It is one record because it must be atomic: a crash while it is replaced leaves the old
// run's words, which are judged by the old run's durability. No record, or no proof that the log is whole: nothing is complete until it
// was exchanged.

using System.Diagnostics.CodeAnalysis;
using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

internal sealed class Completeness : IResumable
{
    private const byte FormatVersion = 2;
    private const byte FormatWithoutRuns = 1;
    private static readonly byte[] RecordName = "completeness"u8.ToArray();
    private readonly ShardStore _store;
    private readonly Durability _durability;
    private readonly bool[] _wasComplete;
    private bool _unsaved = true;
    private bool _isTold;
    private long _runsEndOffset = long.MaxValue;
    private bool _isParked;
    private ColdRead? _finished;

    private Completeness(ShardStore store, Durability durability, int partitionCount, LogRun run)
    {
        _store = store;
        _durability = durability;
        Runs = new LogRuns(run);
        Flags = new bool[partitionCount];
        _wasComplete = new bool[partitionCount];
    }

    /// <summary>One flag per partition of the cluster. Other threads may look at it: the array stays, its bools change.</summary>
    public bool[] Flags { get; }

    /// <summary>This run and those before it, of which the log that it found knows.</summary>
    public LogRuns Runs { get; private set; }

    /// <summary>Where the record ends in the log by which peers may be told of this run; before it was appended the greatest number. Read by other threads.</summary>
    public long RunsEndOffset => Volatile.Read(ref _runsEndOffset);

    /// <summary>When there is a peer to tell how far the log has come, it is told once the log says so: a run that told nobody leaves no trace there.</summary>
    public void OnTick(ClusterView view)
    {
        for (int index = 0; !_isTold && index < view.Peers.Length; index++)
        {
            _isTold = view.Peers[index].IsUp && view.Peers[index].Node.Id != view.Self;
            _unsaved |= _isTold;
        }
    }

    /// <summary>Judges what the last run left. The caller saves and flushes before it serves.</summary>
    public static Completeness Open(ShardStore store, IDisk disk, Durability durability, int partitionCount, RecoveryReport report, ulong incarnation)
    {
        var completeness = new Completeness(store, durability, partitionCount, new LogRun(incarnation, report.EndOffset));
        bool known = completeness.TryLoad(disk, out Durability previous, out bool[]? complete);
        bool proved = report.Damages.Count == 0 && report.LogProvedComplete && (report.CleanStop || previous == Durability.Always);
        if (known && proved)
            complete!.CopyTo(completeness.Flags, 0);
        completeness.IsProved = known && proved;
        // Without damage what is left of the log is all up to some moment.
        if (known && report.Damages.Count == 0)
            complete!.CopyTo(completeness._wasComplete, 0);
        return completeness;
    }

    /// <summary>The log proved that it is whole, and copies that counted at its end do.</summary>
    public bool IsProved { get; private set; }

    /// <summary>The copy was complete at some moment of the last run, and nothing is missing that was in its log then.</summary>
    public bool LacksOnlyItsEnd(int partition) => _wasComplete[partition];

    public bool IsComplete(int partition) => Flags[partition];

    public void Set(int partition, bool complete)
    {
        if (Flags[partition] == complete)
            return;
        Flags[partition] = complete;
        _unsaved = true;
    }

    /// <summary>Appends the record when something changed; called at the end of a turn. Tried again next turn when the log takes nothing now.</summary>
    public void Save(Shard shard)
    {
        if (_unsaved && !_isParked)
            Save(shard, _finished);
    }

    public void Resume(ColdRead? finished)
    {
        _isParked = false;
        _finished = finished;
    }

    private void Save(Shard shard, ColdRead? finished)
    {
        // The store wants a key found before it is put.
        FindOutcome found = _store.Find(Key, finished, out _, out ColdRead? cold);
        _finished = null;
        if (found == FindOutcome.Cold)
        {
            _isParked = true;
            shard.Park(this, cold);
            return;
        }
        using var row = new ByteWriter();
        Encode(row);
        _unsaved = _store.Put(Key, RecordFlags.None, UInt128.One, row.Written) != PutOutcome.Done;
        shard.Outbox.Observe(_store.AppendedOffset);
        if (!_unsaved && _isTold && _runsEndOffset == long.MaxValue)
            Volatile.Write(ref _runsEndOffset, _store.AppendedOffset);
    }

    private static RecordKey Key => new(KeyspaceSettings.LocalId, 0, RecordName);

    private bool TryLoad(IDisk disk, out Durability durability, [NotNullWhen(true)] out bool[]? complete)
    {
        durability = default;
        complete = null;
        // What was read is kept for the first Save: that must not wait for the disk, because the host may serve after it.
        FindOutcome outcome = ShardRecovery.Find(_store, disk, Key, out RecordView record, out _finished);
        if (outcome != FindOutcome.Found)
            return false;
        var row = new ByteReader(record.Row);
        byte format = row.ReadByte();
        durability = (Durability)row.ReadByte();
        ReadOnlySpan<byte> bits = row.Take((Flags.Length + 7) / 8);
        var runs = new LogRun[format == FormatVersion ? row.ReadByte() : 0];
        for (int index = 0; index < runs.Length; index++)
            runs[index] = LogRun.Decode(ref row);
        bool wasTold = format == FormatVersion && row.ReadByte() != 0;
        if (!row.Complete || runs.Length > LogRuns.KeptMax || format is not (FormatVersion or FormatWithoutRuns))
            return false;
        complete = new bool[Flags.Length];
        for (int i = 0; i < complete.Length; i++)
            complete[i] = (bits[i / 8] & 1 << i % 8) != 0;
        if (runs.Length > 0)
            Runs = wasTold ? new LogRuns(runs).Then(Runs.Newest) : new LogRuns(runs).Instead(Runs.Newest.Incarnation);
        return true;
    }

    private void Encode(ByteWriter row)
    {
        row.WriteByte(FormatVersion);
        row.WriteByte((byte)_durability);
        for (int first = 0; first < Flags.Length; first += 8)
        {
            int bits = 0;
            for (int i = first; i < Math.Min(first + 8, Flags.Length); i++)
                bits |= Flags[i] ? 1 << i % 8 : 0;
            row.WriteByte((byte)bits);
        }
        row.WriteByte((byte)(Runs.Earlier.Length + 1));
        foreach (LogRun run in Runs.Earlier)
            run.Encode(row);
        Runs.Newest.Encode(row);
        row.WriteByte(_isTold ? (byte)1 : (byte)0);
    }
}
