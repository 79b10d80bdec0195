using Torc.Node.Shards;
using Torc.Storage;

namespace Torc.Tests.Node.Shards;

public sealed class DamagedRecordsTests
{
    private readonly DamagedRecords _damaged = new();

    [Fact]
    public void A_key_is_nobodys_only_after_an_exchange_that_began_when_it_was_known_and_until_it_is_stored_again()
    {
        RecordKey known = new(0, 7, "known"u8), later = new(0, 7, "later"u8), elsewhere = new(0, 8, "known"u8), other = new(1, 7, "known"u8);
        _damaged.Met(known);
        _damaged.Met(elsewhere);
        _damaged.IsNobodys(known).ShouldBeFalse();

        _damaged.OnComplete(7);
        _damaged.Met(later);
        _damaged.IsNobodys(known).ShouldBeTrue();
        _damaged.IsNobodys(later).ShouldBeFalse("nobody asked the others for it yet");
        _damaged.IsNobodys(elsewhere).ShouldBeFalse("another partition");
        _damaged.IsNobodys(other).ShouldBeFalse("another keyspace");

        _damaged.OnStored(known);
        _damaged.IsNobodys(known).ShouldBeFalse();
        _damaged.Met(known);
        _damaged.IsNobodys(known).ShouldBeFalse("the new record is another matter");
    }

    [Fact]
    public void A_key_that_can_be_read_after_all_is_not_nobodys()
    {
        RecordKey key = new(0, 7, "key"u8), other = new(0, 7, "other"u8);
        _damaged.Met(key);
        _damaged.OnRead(other, 100).ShouldBeFalse();
        _damaged.OnRead(key, 200).ShouldBeTrue();
        _damaged.OnComplete(7);
        _damaged.Met(key);
        _damaged.IsNobodys(key).ShouldBeFalse("the exchange found it as the others have it");
    }

    [Fact]
    public void A_place_is_news_once_and_again_after_it_could_be_read()
    {
        var key = new RecordKey(0, 7, "key"u8);
        _damaged.IsEmpty.ShouldBeTrue();
        _damaged.Met(100).ShouldBeTrue();
        _damaged.IsEmpty.ShouldBeFalse();
        _damaged.Met(100).ShouldBeFalse();
        _damaged.Met(200).ShouldBeTrue();
        _damaged.OnComplete(7);
        _damaged.Met(300).ShouldBeTrue("the exchange was before");

        _damaged.OnRead(key, 100).ShouldBeTrue();
        _damaged.Met(100).ShouldBeTrue();
        foreach (long place in new[] { 100, 200, 300 })
            _damaged.OnRead(key, place).ShouldBeTrue();
        _damaged.IsEmpty.ShouldBeTrue();
    }
}
