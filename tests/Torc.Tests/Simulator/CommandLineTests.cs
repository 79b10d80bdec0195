using Torc.Simulator;
using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator;

public class CommandLineTests
{
    [Fact]
    public void Options_are_understood()
    {
        CommandLine line = CommandLine.TryParse(["--seeds", "3..9", "--minutes", "0.5", "--defect", "lyingdisk", "--verbose"], out _)!;
        line.ShouldBe(new CommandLine { FirstSeed = 3, LastSeed = 9, Minutes = 0.5, Defect = Defect.LyingDisk, Provoked = Defect.LyingDisk, Verbose = true });
        CommandLine.TryParse(["--seed", "7"], out _)!.LastSeed.ShouldBe(7ul);
        CommandLine.TryParse([], out _).ShouldBe(new CommandLine());
    }

    [Theory]
    [InlineData("--seed", "x")]
    [InlineData("--seeds", "9..3")]
    [InlineData("--minutes", "0")]
    [InlineData("--defect", "none-such")]
    [InlineData("--seed")]
    [InlineData("--fast", "1")]
    public void Nonsense_is_refused(params string[] arguments)
    {
        CommandLine.TryParse(arguments, out string problem).ShouldBeNull();
        problem.ShouldContain(arguments[0]);
    }
}
