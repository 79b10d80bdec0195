using System.Diagnostics;
using System.Text;
using Torc.SystemTests.Harness;

namespace Torc.SystemTests.Processes;

/// <summary>
/// One process of the built executable. Its output is kept; it is killed when this is disposed, and a node ends by
/// itself when the test process dies, because then its standard input ends.
/// </summary>
internal sealed class TorcProcess : IDisposable
{
    private const int OutputCharactersMax = 4 << 20;
    private const string OwnVariables = "TORC_";
    private static readonly string Executable = Path.Combine(AppContext.BaseDirectory, "torc.dll");
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private TorcProcess(Process process)
    {
        _process = process;
        Id = process.Id;
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal int Id { get; }

    internal bool HasExited => _process.HasExited;

    /// <summary>What it wrote to standard output so far.</summary>
    internal string Output => Read(_output);

    /// <summary>What it wrote to standard error so far: a node's log.</summary>
    internal string Errors => Read(_errors);

    /// <summary>Runs any command line of torc without stopping with the test process.</summary>
    internal static TorcProcess Start(params IEnumerable<string> arguments) => StartIn(null, arguments);

    /// <summary>The same on a host of a <see cref="Networks.TestNetwork"/>: the process that enters its namespace becomes torc.</summary>
    private static TorcProcess StartIn(string? networkNamespace, IEnumerable<string> arguments)
    {
        string[] commandLine = [.. networkNamespace is null ? (string[])[] : ["ip", "netns", "exec", networkNamespace], "dotnet", Executable, .. arguments];
        var start = new ProcessStartInfo(commandLine[0], commandLine[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in start.Environment.Keys.Where(static name => name.StartsWith(OwnVariables, StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(variable);
        return new TorcProcess(Process.Start(start)!);
    }

    /// <summary>Runs one node, which ends with the test process.</summary>
    internal static TorcProcess Serve(IEnumerable<string> arguments, string? networkNamespace = null) =>
        StartIn(networkNamespace, ["serve", "--stop-with-input", .. arguments]);

    /// <summary>kill -9, and waits until the process is gone.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    internal void Signal(int signal) => Signals.Send(Id, signal);

    /// <summary>Waits for the end by itself; the exit code.</summary>
    internal int WaitForExit(TimeSpan? patience = null)
    {
        TimeSpan limit = patience ?? Wait.Patience;
        if (!_process.WaitForExit(limit))
            throw new TimeoutException($"torc (process {Id}) did not end in {limit.TotalSeconds} s:{Environment.NewLine}{Output}{Errors}");
        _process.WaitForExit(); // The one without a limit also waits for the rest of the output.
        return _process.ExitCode;
    }

    /// <summary>Ends it as a service manager does; the exit code.</summary>
    internal int Stop(TimeSpan? patience = null)
    {
        Signal(Signals.Terminate);
        return WaitForExit(patience);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static void Keep(StringBuilder to, string? line)
    {
        if (line is null)
            return;
        lock (to)
        {
            if (to.Length < OutputCharactersMax)
                to.AppendLine(line);
        }
    }

    private static string Read(StringBuilder from)
    {
        lock (from)
            return from.ToString();
    }
}
