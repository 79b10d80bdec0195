using Torc.Base;

namespace Torc.Simulator.Disks;

/// <summary>Answers the questions a crash asks ("which version of this sector survives?").</summary>
internal interface ICrashChoices
{
    /// <summary>A number in [0, bound).</summary>
    int Below(int bound);
}

internal sealed class RandomChoices(SeededRandom random) : ICrashChoices
{
    public int Below(int bound) => random.Below(bound);
}

/// <summary>
/// Walks every sequence of answers: an odometer whose digits and bounds are discovered while the questions are asked.
/// Ask all questions, then <see cref="Next"/>; when it is false every sequence was seen once.
/// </summary>
internal sealed class ExhaustiveChoices : ICrashChoices
{
    private readonly List<(int Answer, int Bound)> _digits = [];
    private int _asked;

    public int Below(int bound)
    {
        Check.That(bound > 0);
        if (_asked == _digits.Count)
            _digits.Add((0, bound));
        (int answer, int known) = _digits[_asked++];
        Check.That(known == bound);
        return answer;
    }

    public bool Next()
    {
        _asked = 0;
        while (_digits.Count > 0)
        {
            (int answer, int bound) = _digits[^1];
            if (answer + 1 < bound)
            {
                _digits[^1] = (answer + 1, bound);
                return true;
            }
            _digits.RemoveAt(_digits.Count - 1);
        }
        return false;
    }
}
