using System.CommandLine;
using Torc.Server.CommandLine;

namespace Torc.Tests.Server.CommandLine;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. TorcCommands.Make().Subcommands.Select(static command => command.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Each_command_has_help_also_without_what_it_needs(string command)
    {
        foreach (string option in (string[])["--help", "-h", "-?"])
            Help(command, option).ShouldContain($"Usage: torc {command}");
    }

    [Fact]
    public void An_option_that_is_named_like_a_setting_is_none()
    {
        string help = Help("ring", "--help");
        help.ShouldContain("List every partition");
        help.ShouldNotContain("TORC_");
        help.ShouldNotContain("--partitions VALUE");
        Help("serve", "--help").ShouldContain("--partitions VALUE");
    }

    private static string Help(params string[] arguments)
    {
        using var output = new StringWriter();
        ParseResult parsed = TorcCommands.Make().Parse(arguments);
        parsed.Errors.ShouldBeEmpty();
        parsed.Invoke(new InvocationConfiguration { Output = output }).ShouldBe(ExitCode.Done);
        return output.ToString();
    }
}
