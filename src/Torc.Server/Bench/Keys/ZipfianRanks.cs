using Torc.Base;

namespace Torc.Server.Bench.Keys;

/// <summary>
/// Draws ranks below a count, rank r with a probability proportional to 1 / (r + 1)^exponent: the method of Gray and others,
/// "Quickly generating billion-record synthetic databases" (SIGMOD 1994), which YCSB uses too. A draw takes constant time;
/// the sum over all ranks is kept, so that a growing count costs one term for each new rank.
/// </summary>
internal sealed class ZipfianRanks
{
    /// <summary>YCSB's skew.</summary>
    internal const double ExponentDefault = 0.99;

    private const int ExactTermsMax = 10_000;
    private readonly double _exponent;
    private readonly double _alpha;
    private readonly double _firstTwo;
    private double _sum;
    private double _eta;

    internal ZipfianRanks(long count, double exponent = ExponentDefault)
    {
        Check.That(count >= 1 && exponent is > 0 and < 1);
        _exponent = exponent;
        _alpha = 1 / (1 - exponent);
        _firstTwo = 1 + Math.Pow(0.5, exponent);
        Count = count;
        _sum = Sum(count, exponent);
        _eta = Eta();
    }

    internal long Count { get; private set; }

    internal void GrowTo(long count)
    {
        Check.That(count >= Count);
        if (count == Count)
            return;
        for (long rank = Count + 1; rank <= count; rank++)
            _sum += Math.Pow(rank, -_exponent);
        Count = count;
        _eta = Eta();
    }

    internal long Next(SeededRandom random)
    {
        double unit = random.Unit(), share = unit * _sum;
        if (share < 1 || Count == 1)
            return 0;
        if (share < _firstTwo || Count == 2)
            return 1;
        return Math.Min(Count - 1, (long)(Count * Math.Pow(_eta * unit - _eta + 1, _alpha)));
    }

    /// <summary>
    /// The sum of 1 / i^exponent for i from 1 to count: its first terms, and beyond them the integral with the
    /// trapezoid correction (Euler and Maclaurin), whose error there is below 1e-9.
    /// </summary>
    internal static double Sum(long count, double exponent)
    {
        long exact = Math.Min(count, ExactTermsMax);
        double sum = 0;
        for (long rank = 1; rank <= exact; rank++)
            sum += Math.Pow(rank, -exponent);
        if (exact == count)
            return sum;
        double integral = (Math.Pow(count, 1 - exponent) - Math.Pow(exact, 1 - exponent)) / (1 - exponent);
        return sum + integral + (Math.Pow(count, -exponent) - Math.Pow(exact, -exponent)) / 2;
    }

    private double Eta() => (1 - Math.Pow(2.0 / Count, 1 - _exponent)) / (1 - _firstTwo / _sum);
}
