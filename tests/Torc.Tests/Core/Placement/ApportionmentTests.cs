using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class ApportionmentTests
{
    [Fact]
    public void Gives_out_every_seat_within_caps_and_one_of_the_share()
    {
        for (ulong seed = 0; seed < 3_000; seed++)
        {
            var random = new SeededRandom(seed);
            int parties = 1 + random.Below(8);
            long[] weights = [.. Enumerable.Range(0, parties).Select(_ => random.Between(1, 20))];
            long[] caps = [.. Enumerable.Range(0, parties).Select(_ => random.Between(0, 40))];
            int seats = random.Below((int)caps.Sum() + 1);
            int[] shares = Apportionment.Divide(seats, weights, caps);
            shares.Sum().ShouldBe(seats, $"seed {seed}");
            for (int party = 0; party < parties; party++)
            {
                ((long)shares[party]).ShouldBeInRange(0, caps[party], $"seed {seed}");
                for (int other = 0; other < parties; other++)
                {
                    if (shares[other] < caps[other])
                        (shares[party] - 1.0).ShouldBeLessThanOrEqualTo((shares[other] + 1.0) * weights[party] / weights[other] + 1e-9, $"seed {seed}: nobody is far ahead of one with room");
                }
            }
        }
    }

    [Fact]
    public void A_full_party_leaves_its_rest_to_the_others() =>
        Apportionment.Divide(12, [10, 1, 1], [6, 9, 9]).ShouldBe([6, 3, 3]);
}
