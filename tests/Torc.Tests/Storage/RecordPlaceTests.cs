using Torc.Base;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Tests.Storage;

public class RecordPlaceTests
{
    [Fact]
    public void A_place_of_any_age_and_of_any_key_leads_to_the_right_put()
    {
        for (ulong seed = 1; seed <= 20; seed++)
            PutWithOldPlaces(seed);
    }

    [Fact]
    public void A_place_of_a_key_that_was_not_found_is_good_for_one_insert()
    {
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small());
        harness.Put(new Name(0, 0, "other"), new Row(RecordFlags.None, 1, "row"));
        var name = new Name(0, 0, "key");
        harness.Find(name, out _, out RecordPlace place).ShouldBe(FindOutcome.NotFound);
        var key = new RecordKey(0, 0, "key"u8);
        for (UInt128 version = 2; version < 5; version++)
            harness.Store.Put(key, place, RecordFlags.None, version, "row"u8).ShouldBe(PutOutcome.Done);
        harness.Store.Counts(0, 0).Records.ShouldBe(2);
        harness.Get(name)!.Version.ShouldBe((UInt128)4);
    }

    [Fact]
    public void The_place_of_a_record_on_disk_takes_a_put_without_another_read()
    {
        StorageOptions options = StoreHarness.Small() with { ResidentBytesMax = 4 * 4096, CompactionLiveRatioMax = 0 };
        using var harness = new StoreHarness(new CrashableDisk(), options);
        for (int step = 0; step < 400; step++)
            harness.Put(new Name(0, 0, "key" + step), new Row(RecordFlags.None, 1, new string('r', 60)));
        harness.Settle();
        var key = new RecordKey(0, 0, "key0"u8);
        harness.Store.Find(key, null, out _, out ColdRead? cold).ShouldBe(FindOutcome.Cold);
        cold!.Run(harness.Disk);
        harness.Store.Find(key, cold, out RecordView view, out _).ShouldBe(FindOutcome.Found);
        harness.Store.Put(key, view.Place, RecordFlags.None, 2, "new"u8).ShouldBe(PutOutcome.Done);
        harness.Store.Counts(0, 0).Records.ShouldBe(400);
        harness.Get(new Name(0, 0, "key0"))!.Bytes.ShouldBe("new");
    }

    // Few keys under the same names in two partitions and two keyspaces, so that a place that is believed wrongly does harm.
    private static void PutWithOldPlaces(ulong seed)
    {
        var random = new SeededRandom(seed);
        using var harness = new StoreHarness(new CrashableDisk(), StoreHarness.Small() with { ResidentBytesMax = 4 * 4096 });
        var twin = new SortedDictionary<Name, Row>();
        var places = new List<RecordPlace> { default };
        for (int step = 1; step <= 2_000; step++)
        {
            var name = new Name((byte)random.Below(2), (ushort)random.Below(2), "key" + random.Below(12));
            switch (random.Below(20))
            {
                case 0:
                    harness.Forget(name);
                    twin.Remove(name);
                    break;
                case 1:
                    harness.Drop(name.Keyspace, name.Partition);
                    foreach (Name gone in twin.Keys.Where(key => key.Keyspace == name.Keyspace && key.Partition == name.Partition).ToList())
                        twin.Remove(gone);
                    break;
                case 2:
                    harness.Flush();
                    harness.Maintain(4);
                    break;
                default:
                    harness.Find(name, out _, out RecordPlace place);
                    places.Add(place);
                    RecordPlace used = random.Below(2) == 0 ? place : places[random.Below(places.Count)];
                    var row = new Row(RecordFlags.None, (UInt128)step, new string('r', random.Below(200)));
                    if (harness.Store.Put(new RecordKey(name.Keyspace, name.Partition, StoreHarness.Bytes(name.Key)), used, row.Flags, row.Version, StoreHarness.Bytes(row.Bytes)) == PutOutcome.Done)
                        twin[name] = row;
                    break;
            }
        }
        harness.ScanAll(2, 2, 100).ShouldBe(twin);
        twin.Count.ShouldBe((int)harness.Store.Statistics.Records);
    }
}
