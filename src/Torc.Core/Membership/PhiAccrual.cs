namespace Torc.Core.Membership;

/// <summary>
/// How unusual a silence is, given the times between signs of life that came before it: φ = -log10 of the probability that the next
/// sign comes even later, when those times are taken as normally distributed. φ = 8 is wrong once in 10^8 times.
/// Hayashibara, Défago, Yared, Katayama: "The φ accrual failure detector", SRDS 2004.
/// </summary>
/// <remarks>
/// The limit in φ is turned into a limit in standard deviations once, so that a look at a peer is one comparison. The deviation has
/// a floor: with steady signs of life the measured one goes to zero, and a pause of nothing would be a death. The tail of the
/// normal distribution is the logistic approximation of Bowling, Khasawneh, Kaewkuekool and Cho (2009).
/// </remarks>
internal sealed class PhiAccrual(int samplesMax)
{
    private const double DeviationsMax = 40;
    private readonly int[] _intervalsMs = new int[samplesMax];
    private int _count;
    private int _next;
    private long _sum;
    private long _squares;

    public void Add(long intervalMs)
    {
        Check.That(intervalMs is >= 0 and < int.MaxValue);
        if (_count == _intervalsMs.Length)
        {
            long oldest = _intervalsMs[_next];
            _sum -= oldest;
            _squares -= oldest * oldest;
        }
        else
        {
            _count++;
        }
        _intervalsMs[_next] = (int)intervalMs;
        _sum += intervalMs;
        _squares += intervalMs * intervalMs;
        _next = (_next + 1) % _intervalsMs.Length;
    }

    /// <summary>The silence, in milliseconds, at which φ reaches a limit.</summary>
    /// <param name="deviations">What <see cref="DeviationsOf"/> says of the limit.</param>
    /// <param name="expectedMs">The time between signs of life while too few were seen.</param>
    /// <param name="deviationMsMin">The floor.</param>
    public long SilenceMsMax(double deviations, long expectedMs, double deviationMsMin)
    {
        double mean = _count == 0 ? expectedMs : (double)_sum / _count;
        double variance = _count == 0 ? 0 : Math.Max(0, (double)_squares / _count - mean * mean);
        return (long)Math.Round(mean + deviations * Math.Max(Math.Sqrt(variance), deviationMsMin));
    }

    /// <summary>φ of a silence that is so many standard deviations longer than the mean.</summary>
    public static double Phi(double deviations)
    {
        double odds = Math.Exp(-deviations * (1.5976 + 0.070566 * deviations * deviations));
        return -Math.Log10(odds / (1 + odds));
    }

    /// <summary>The inverse of <see cref="Phi"/>.</summary>
    public static double DeviationsOf(double phi)
    {
        const int halvings = 60;
        double low = 0, high = DeviationsMax;
        for (int i = 0; i < halvings; i++)
        {
            double middle = (low + high) / 2;
            if (Phi(middle) < phi)
                low = middle;
            else
                high = middle;
        }
        return high;
    }
}
