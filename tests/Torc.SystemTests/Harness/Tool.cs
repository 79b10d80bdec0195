using System.Diagnostics;
using System.Reflection;

namespace Torc.SystemTests.Harness;

/// <summary>What a finished tool said.</summary>
internal sealed record ToolResult(string CommandLine, int ExitCode, string Output, string Errors)
{
    internal ToolResult ShouldSucceed()
    {
        ExitCode.ShouldBe(0, $"{CommandLine}{Environment.NewLine}{Output}{Errors}");
        return this;
    }
}

/// <summary>Runs the real clients and tools that <c>.ci/setup</c> installs, for a bounded time.</summary>
internal static class Tool
{
    /// <summary>Debian's Python, which has Debian's python3-redis; another one earlier in PATH has not.</summary>
    internal const string Python = "/usr/bin/python3";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(120);

    /// <summary>Where the scripts of the clients are.</summary>
    internal static string Scripts { get; } = typeof(Tool).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static data => data.Key == "ClientScripts").Value!;

    /// <summary>The tool's full path. A tool that is not there fails the test.</summary>
    internal static string Find(string name)
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        string? found = Path.IsPathRooted(name)
            ? (File.Exists(name) ? name : null)
            : folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        return found ?? throw new FileNotFoundException($"the tool '{name}' is not installed; run .ci/setup");
    }

    internal static ToolResult Run(string name, params string[] arguments) => RunWithInput("", name, arguments);

    internal static ToolResult RunWithInput(string input, string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(name), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string commandLine = $"{name} {string.Join(' ', arguments)}";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeLimit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            throw new TimeoutException($"{commandLine} did not end in {TimeLimit.TotalSeconds} s:{Environment.NewLine}{output.GetAwaiter().GetResult()}{errors.GetAwaiter().GetResult()}");
        }
        return new ToolResult(commandLine, process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }
}
