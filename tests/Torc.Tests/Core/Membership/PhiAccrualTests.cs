using Torc.Core.Membership;

namespace Torc.Tests.Core.Membership;

public sealed class PhiAccrualTests
{
    private static readonly double Deviations = PhiAccrual.DeviationsOf(8);

    [Fact]
    public void Phi_is_about_the_exponent_of_the_normal_tail()
    {
        PhiAccrual.Phi(0).ShouldBe(Math.Log10(2), 0.001, "half of all come later than the mean");
        PhiAccrual.Phi(1.2816).ShouldBe(1, 0.02);
        PhiAccrual.Phi(3.0902).ShouldBe(3, 0.1);
        PhiAccrual.Phi(Deviations).ShouldBe(8, 0.001);
        Deviations.ShouldBeInRange(5, 5.8);
    }

    [Fact]
    public void A_peer_that_was_unsteady_is_given_more_time()
    {
        var steady = new PhiAccrual(64);
        var unsteady = new PhiAccrual(64);
        for (int i = 0; i < 100; i++)
        {
            steady.Add(500);
            unsteady.Add(i % 2 == 0 ? 100 : 900);
        }
        steady.SilenceMsMax(Deviations, 500, 10).ShouldBe(500 + (long)Math.Round(10 * Deviations));
        unsteady.SilenceMsMax(Deviations, 500, 10).ShouldBe(500 + (long)Math.Round(400 * Deviations));
    }

    [Fact]
    public void Only_the_last_intervals_count()
    {
        var phi = new PhiAccrual(4);
        foreach (int interval in new[] { 9_000, 1, 5_000, 200, 200, 200, 200 })
            phi.Add(interval);
        phi.SilenceMsMax(Deviations, 500, 0).ShouldBe(200);
    }

    [Fact]
    public void Before_anything_was_seen_the_expected_interval_is_taken() =>
        new PhiAccrual(4).SilenceMsMax(Deviations, 500, 0).ShouldBe(500);
}
