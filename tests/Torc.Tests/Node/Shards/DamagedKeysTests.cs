using Torc.Node.Shards;
using Torc.Storage;

namespace Torc.Tests.Node.Shards;

public sealed class DamagedKeysTests
{
    [Fact]
    public void A_key_is_nobodys_only_after_an_exchange_that_began_when_it_was_known_and_until_it_is_stored_again()
    {
        var damaged = new DamagedKeys();
        RecordKey known = new(0, 7, "known"u8), later = new(0, 7, "later"u8), elsewhere = new(0, 8, "known"u8), other = new(1, 7, "known"u8);
        damaged.Met(known);
        damaged.Met(elsewhere);
        damaged.IsNobodys(known).ShouldBeFalse();

        damaged.OnComplete(7);
        damaged.Met(later);
        damaged.IsNobodys(known).ShouldBeTrue();
        damaged.IsNobodys(later).ShouldBeFalse("nobody asked the others for it yet");
        damaged.IsNobodys(elsewhere).ShouldBeFalse("another partition");
        damaged.IsNobodys(other).ShouldBeFalse("another keyspace");

        damaged.OnStored(known);
        damaged.IsNobodys(known).ShouldBeFalse();
        damaged.Met(known);
        damaged.IsNobodys(known).ShouldBeFalse("the new record is another matter");
    }
}
