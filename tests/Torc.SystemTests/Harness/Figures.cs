using Xunit.Abstractions;

namespace Torc.SystemTests.Harness;

/// <summary>Figures that a test measured, for people: in the test's output and, when TORC_FIGURES names one, in a file.</summary>
internal static class Figures
{
    internal static void Report(ITestOutputHelper output, string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("TORC_FIGURES") is { Length: > 0 } file)
            File.AppendAllText(file, line + Environment.NewLine);
    }
}
