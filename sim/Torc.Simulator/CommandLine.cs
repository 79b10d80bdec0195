using System.Globalization;
using Torc.Simulator.Runs;

namespace Torc.Simulator;

/// <summary>What the simulator is asked to do.</summary>
public sealed record CommandLine
{
    public const string Help = """
        Runs clusters of Torc in virtual time, with faults, and checks the invariants.

          --seed N            run one seed (default 1)
          --seeds A..B        run the seeds from A to B
          --jobs N            run so many seeds side by side (default: one for each processor)
          --minutes M         simulated minutes of faults per seed (default 1)
          --defect NAME       switch on a deliberate defect: the run must fail
          --provoke NAME      the faults and settings that show a defect, without it: the run must not fail
          --changes           change the cluster's members in every run, not only with some seeds
          --shrink-seconds S  how long to make a failing run smaller (default 60, 0: not at all)
          --verbose           say what each run exercised

        The same seed and minutes print the same event hash. Exit code 1: an invariant was broken.
        """;

    public ulong FirstSeed { get; init; } = 1;

    public ulong LastSeed { get; init; } = 1;

    public int Jobs { get; init; } = Environment.ProcessorCount;

    public double Minutes { get; init; } = 1;

    public Defect Defect { get; init; }

    /// <summary>Whose faults and settings to take.</summary>
    public Defect Provoked { get; init; }

    public double ShrinkSeconds { get; init; } = 60;

    public bool Verbose { get; init; }

    /// <summary>Every run has an operator.</summary>
    public bool Changes { get; init; }

    /// <summary>Null when the arguments make no sense; <paramref name="problem"/> says why.</summary>
    public static CommandLine? TryParse(IReadOnlyList<string> arguments, out string problem)
    {
        var line = new CommandLine();
        problem = "";
        for (int index = 0; index < arguments.Count; index++)
        {
            if (arguments[index] is "--verbose" or "--changes")
            {
                line = arguments[index] == "--verbose" ? line with { Verbose = true } : line with { Changes = true };
                continue;
            }
            string value = index + 1 < arguments.Count ? arguments[index + 1] : "";
            if (line.With(arguments[index], value) is not { } next)
            {
                problem = $"'{arguments[index]} {value}' makes no sense; defects: {string.Join(", ", Enum.GetNames<Defect>())}";
                return null;
            }
            line = next;
            index++;
        }
        return line;
    }

    private CommandLine? With(string option, string value)
    {
        bool isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        bool isSeed = ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed);
        string[] range = value.Split("..");
        return option switch
        {
            "--seed" when isSeed => this with { FirstSeed = seed, LastSeed = seed },
            "--seeds" when range.Length == 2 && ulong.TryParse(range[0], out ulong first) && ulong.TryParse(range[1], out ulong last) && first <= last =>
                this with { FirstSeed = first, LastSeed = last },
            "--jobs" when isSeed && seed is > 0 and <= 512 => this with { Jobs = (int)seed },
            "--minutes" when isNumber && number > 0 => this with { Minutes = number },
            "--shrink-seconds" when isNumber => this with { ShrinkSeconds = number },
            "--defect" when Enum.TryParse(value, ignoreCase: true, out Defect defect) => this with { Defect = defect, Provoked = defect },
            "--provoke" when Enum.TryParse(value, ignoreCase: true, out Defect defect) => this with { Provoked = defect },
            _ => null,
        };
    }
}
