using Torc.Base;
using Torc.Server.Bench.Keys;

namespace Torc.Tests.Server.Bench.Keys;

public sealed class KeyChooserTests
{
    private const int Keys = 1_000;
    private const int Draws = 200_000;

    [Fact]
    public void Uniform_draws_every_key_about_as_often()
    {
        int[] counts = Count(new UniformKeys(Space(Keys)), Keys);

        // Each count is binomial with mean 200; six standard deviations are 85.
        counts.Min().ShouldBeGreaterThan(Draws / Keys - 85);
        counts.Max().ShouldBeLessThan(Draws / Keys + 85);
    }

    [Fact]
    public void Zipfian_draws_the_most_popular_keys_as_often_as_their_ranks_say_and_scatters_them()
    {
        int[] counts = Count(new ScrambledZipfianKeys(Space(Keys)), Keys);

        // Of ten thousand million ranks: the first is 1 of 26.47 draws, the second 2^0.99 times rarer. Others fold onto the same key.
        double sum = ZipfianRanks.Sum(10_000_000_000, 0.99);
        long first = ScrambledZipfianKeys.Scramble(0, Keys), second = ScrambledZipfianKeys.Scramble(1, Keys);
        ((double)counts[first] / Draws).ShouldBe(1 / sum, 0.005);
        ((double)counts[second] / Draws).ShouldBe(Math.Pow(2, -0.99) / sum, 0.005);
        counts.Max().ShouldBe(counts[first]);
        Math.Abs(first - second).ShouldBeGreaterThan(1);
        counts.Count(static count => count > 0).ShouldBeGreaterThan(Keys * 9 / 10);
    }

    [Fact]
    public void Latest_prefers_what_was_inserted_last_and_follows_insertions()
    {
        var keys = new KeySpace(Keys, inFlightMax: 0);
        var chooser = new LatestKeys(keys);
        int[] before = Count(chooser, Keys);
        before.Max().ShouldBe(before[Keys - 1]);
        before[^100..].Sum().ShouldBeGreaterThan(Draws / 2);

        for (int i = 0; i < 500; i++)
            keys.Reserve();
        int[] after = Count(chooser, Keys + 500);
        after.Max().ShouldBe(after[Keys + 499]);
    }

    [Fact]
    public void Keys_that_may_be_on_their_way_are_not_chosen()
    {
        var keys = new KeySpace(100, inFlightMax: 10);
        for (int i = 0; i < 15; i++)
            keys.Reserve().ShouldBe(100 + i);
        keys.Known.ShouldBe(105);
        new KeySpace(0, inFlightMax: 10).Known.ShouldBe(1);
    }

    [Theory]
    [InlineData(9_999)]
    [InlineData(10_001)]
    [InlineData(1_000_000)]
    public void The_sum_over_all_ranks_is_exact_enough(long count)
    {
        double exact = 0;
        for (long rank = count; rank >= 1; rank--)
            exact += Math.Pow(rank, -0.99);
        ZipfianRanks.Sum(count, 0.99).ShouldBe(exact, 1e-8);
    }

    [Fact]
    public void Ranks_have_the_shape_of_their_formula()
    {
        var ranks = new ZipfianRanks(Keys);
        var random = new SeededRandom(11);
        int[] counts = new int[Keys];
        for (int i = 0; i < Draws; i++)
            counts[ranks.Next(random)]++;

        double sum = ZipfianRanks.Sum(Keys, 0.99);
        ((double)counts[0] / Draws).ShouldBe(1 / sum, 0.005);
        ((double)counts[1] / Draws).ShouldBe(Math.Pow(2, -0.99) / sum, 0.005);
        double topTen = ZipfianRanks.Sum(10, 0.99) / sum, topHundred = ZipfianRanks.Sum(100, 0.99) / sum;
        ((double)counts[..10].Sum() / Draws).ShouldBe(topTen, 0.03);
        ((double)counts[..100].Sum() / Draws).ShouldBe(topHundred, 0.03);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Few_ranks_stay_below_their_count(long count)
    {
        var ranks = new ZipfianRanks(count);
        var random = new SeededRandom(12);
        for (int i = 0; i < 1_000; i++)
            ranks.Next(random).ShouldBeInRange(0, count - 1);
    }

    [Fact]
    public void Ranks_that_grew_draw_like_ranks_made_that_large()
    {
        var grown = new ZipfianRanks(10);
        grown.GrowTo(777);
        var made = new ZipfianRanks(777);
        SeededRandom one = new(13), other = new(13);
        for (int i = 0; i < 10_000; i++)
            grown.Next(one).ShouldBe(made.Next(other));
    }

    private static KeySpace Space(long keys) => new(keys, inFlightMax: 0);

    private static int[] Count(IKeyChooser chooser, int keys)
    {
        var random = new SeededRandom(10);
        int[] counts = new int[keys];
        for (int i = 0; i < Draws; i++)
            counts[chooser.Next(random)]++;
        return counts;
    }
}
