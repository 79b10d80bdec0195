using System.Text;
using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Repair;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Shards;

/// <summary>What a copy does with changes and fetched rows below its garbage floor, and what it knows of the floor after a restart.</summary>
public sealed class GarbageFloorsTests : IDisposable
{
    private readonly DiskShard _onDisk = new(Durability.EverySecond);
    private readonly ByteWriter _delta = new();
    private Shard _shard;
    private Outbox _outbox;

    public GarbageFloorsTests() => (_shard, _outbox) = Open();

    public void Dispose()
    {
        _shard.EndTurn();
        _shard.Store.Dispose();
        _delta.Dispose();
    }

    [Fact]
    public void A_copy_that_is_being_completed_refuses_what_the_floor_covers_that_it_has_met()
    {
        _shard.SetComplete(0, false);
        Apply("a", Value(90)).Reflected.ShouldBeTrue("it knows of no floor");

        _shard.Garbage.Meet(0, 100);
        ApplyResult late = Apply("b", Value(90));
        (late.Reflected, late.Winner).ShouldBe((false, GarbageFloors.VersionOf(100)), "its coordinator is told what outranks it");
        Holds("b").ShouldBeFalse();
        Apply("b", Value(101)).Reflected.ShouldBeTrue();
        Apply("a", Cell(80, 95)).Outcome.ShouldBe(ApplyOutcome.Applied);
        Read("a").Max.Stamp.ShouldBe(95UL, "a key with a record is merged as ever");

        _shard.Garbage.Meet(0, 0);
        Apply("c", Value(90)).Reflected.ShouldBeTrue("the exchange that met it came to nothing");
    }

    [Fact]
    public void What_is_met_never_lowers_the_own_floor_and_is_gone_when_another_is_set()
    {
        Save(new CopyFloor(100, 100, 100));
        _shard.SetComplete(0, false);
        _shard.Garbage.Meet(0, 50);
        _shard.Garbage.InForce(0).ShouldBe(100UL);
        _shard.Garbage.Meet(0, 150);
        _shard.Garbage.InForce(0).ShouldBe(150UL);
        _shard.Garbage.Of(0).Floor.ShouldBe(100UL, "it was met, not taken over");
        _shard.Garbage.TryComplete(_shard, 0, floorMet: 150, provenMet: 170).ShouldBeTrue();
        _shard.Garbage.Of(0).ShouldBe(new CopyFloor(150, 170, 170));
        _shard.Clock.Stamp(default, Version.None).Stamp.ShouldBeGreaterThan(170UL, "it stamps nothing that it has closed");
    }

    [Fact]
    public void Of_a_change_that_is_partly_older_a_whole_copy_keeps_the_newer_part_and_one_that_is_not_keeps_all()
    {
        Save(new CopyFloor(100, 100, 100));
        Apply("whole", Cell(90, 110)).Outcome.ShouldBe(ApplyOutcome.Applied);
        Read("whole").Base.ShouldBe(GarbageFloors.VersionOf(100));
        _shard.SetComplete(0, false);
        Apply("partial", Cell(90, 110)).Outcome.ShouldBe(ApplyOutcome.Applied);
        Read("partial").Base.Stamp.ShouldBe(90UL, "the base may be one that it lost");
    }

    [Fact]
    public void A_flush_above_the_floor_covers_more_than_the_floor()
    {
        Save(new CopyFloor(100, 100, 100));
        _shard.Floors.Raise(0, 0, new Version(120, 1), _shard.Store.AppendedOffset);
        Apply("a", Cell(90, 110)).Reflected.ShouldBeFalse();
        Holds("a").ShouldBeFalse("what a flush covers is never stored");
        Apply("a", Cell(90, 130)).Outcome.ShouldBe(ApplyOutcome.Applied);
        Read("a").Base.ShouldBe(new Version(120, 1));
    }

    [Theory]
    [InlineData(90UL, 0UL, false, true)] // the peer has proved it: lost here, and not deleted
    [InlineData(90UL, 100UL, false, false)]
    [InlineData(110UL, 100UL, false, true)]
    [InlineData(90UL, 0UL, true, false)] // would be collected again
    [InlineData(110UL, 0UL, true, true)]
    public void A_fetched_row_below_the_floor_is_taken_from_peers_that_have_proved_it(ulong stamp, ulong doubtedBelow, bool isDelete, bool isTaken)
    {
        Save(new CopyFloor(100, 100, 100));
        RowView row = isDelete ? RowView.Tombstone(new Version(stamp, 1)) : Value(stamp);
        _shard.Rows.Restore(KeyOf("a"), row, doubtedBelow, null, _outbox).Outcome.ShouldBe(ApplyOutcome.Applied);
        Holds("a").ShouldBe(isTaken);
    }

    [Fact]
    public void Of_what_the_others_have_forgotten_all_that_is_old_goes()
    {
        Apply("old", Value(90));
        Apply("new", Value(110));
        Apply("both", Value(90));
        Apply("both", Expiry(90, 110));
        foreach (string key in new[] { "old", "new", "both", "none" })
        {
            _shard.Rows.TryPrune(KeyOf(key), 100, null, _outbox, out bool changed).ShouldBeTrue();
            changed.ShouldBe(key is "old" or "both", key);
        }
        Holds("old").ShouldBeFalse();
        Holds("new").ShouldBeTrue();
        (_, Version newest, bool isDeleted) = Read("both");
        (isDeleted, newest.Stamp).ShouldBe((true, 110UL), "the value was older than its deadline, and is not to come back with it");
    }

    [Fact]
    public void A_restart_without_proof_keeps_the_floor_and_damage_takes_it()
    {
        Save(new CopyFloor(100, 200, 300));
        Restart(clean: true);
        _shard.Garbage.Of(0).ShouldBe(new CopyFloor(100, 200, 300));
        Restart(clean: false);
        _shard.Garbage.Of(0).ShouldBe(new CopyFloor(100, 0, 300), "the end of its log may be lost, and what it pulled there");
        _shard.Clock.Stamp(default, Version.None).Stamp.ShouldBeGreaterThan(300UL);

        _shard.Garbage.OnUnknown(0);
        _shard.Garbage.Of(0).ShouldBe(new CopyFloor(0, 0, 300), "rows of any age may be lost: what is not here is not therefore deleted");
        Save(new CopyFloor(100, 0, 300));
        _shard.Store.AppendedOffset.ShouldBe(_shard.Garbage.EndOffset, "what was forgotten in memory is put into the log again, though it is the same");
    }

    [Fact]
    public void A_copy_that_was_not_whole_before_it_crashed_knows_of_no_floor()
    {
        Save(new CopyFloor(100, 200, 300));
        _shard.SetComplete(0, false);
        Restart(clean: true);
        _shard.Garbage.Of(0).ShouldBe(new CopyFloor(0, 0, 300));
    }

    private static RecordKey KeyOf(string name) => new(0, 0, Encoding.Latin1.GetBytes(name));

    private ApplyResult Apply(string key, in RowView delta) => _shard.Rows.Apply(KeyOf(key), delta, null, _outbox);

    private bool Holds(string key) => _shard.Store.Find(KeyOf(key), null, out _, out _) == FindOutcome.Found;

    private (Version Base, Version Max, bool IsDeleted) Read(string key)
    {
        _shard.Rows.Read(KeyOf(key), null, _outbox, out RowView row, out _).ShouldBe(FindOutcome.Found);
        return (row.BaseVersion, row.MaxVersion, row.IsDeleted);
    }

    private RowView Value(ulong stamp) => Decode(RowWriter.String(Cleared(), new Version(stamp, 1), "v"u8, 0));

    private RowView Cell(ulong baseStamp, ulong stamp) => Decode(RowWriter.StringCell(Cleared(), new Version(stamp, 1), new Version(baseStamp, 1), "w"u8));

    private RowView Expiry(ulong baseStamp, ulong stamp) =>
        Decode(RowWriter.Expiry(Cleared(), new Version(stamp, 1), new Version(baseStamp, 1), RowKind.String, DiskShard.Now.WallMs * 2));

    private ByteWriter Cleared()
    {
        _delta.Clear();
        return _delta;
    }

    private RowView Decode(Version version)
    {
        RowView.TryDecode(version, _delta.Written, out RowView row).ShouldBeTrue();
        return row;
    }

    /// <summary>After a restart the record is on disk only, and has to be read before it is replaced.</summary>
    private void Save(in CopyFloor floor)
    {
        if (_shard.Garbage.TrySave(_shard, 0, floor))
            return;
        ColdRead read = _outbox.ColdReads.ShouldHaveSingleItem();
        read.Run(_onDisk.Disk);
        _shard.OnColdRead(read);
        _shard.Garbage.TrySave(_shard, 0, floor).ShouldBeTrue();
    }

    private void Restart(bool clean)
    {
        _shard.EndTurn();
        _onDisk.Stop(_shard.Store, clean);
        (_shard, _outbox) = Open();
    }

    /// <summary>In a turn that goes on.</summary>
    private (Shard Shard, Outbox Outbox) Open()
    {
        (Shard shard, Outbox outbox) = _onDisk.Open(nodes: 1);
        outbox.Clear();
        shard.BeginTurn(DiskShard.Now, outbox);
        return (shard, outbox);
    }
}
