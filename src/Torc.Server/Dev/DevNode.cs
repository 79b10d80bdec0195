using System.Diagnostics;
using System.Reflection;
using Torc.Server.CommandLine;

namespace Torc.Server.Dev;

/// <summary>Where a node of a development cluster is.</summary>
internal sealed record DevNodePlan(int Number, string RespAddress, string HttpAddress, string Directory, IReadOnlyList<string> Arguments)
{
    internal string LogFile => Directory + ".log";
}

/// <summary>
/// One node of a development cluster: a child process of the same executable. It holds the child's standard input
/// open; the input ends when this process stops or dies, however it dies, and the child stops with it.
/// </summary>
internal sealed class DevNode : IDisposable
{
    private const int SignalBase = 128;
    private readonly Process _process;
    private readonly LastLines _lastLines = new();
    private readonly Task _logPump;

    private DevNode(DevNodePlan plan, Process process)
    {
        Plan = plan;
        _process = process;
        ProcessId = process.Id;
        _logPump = PumpLog();
        Ended = WaitForEnd();
    }

    internal DevNodePlan Plan { get; }

    internal int ProcessId { get; }

    /// <summary>Completes when the process ended and its last lines are here.</summary>
    internal Task Ended { get; }

    internal IReadOnlyList<string> LastLines => _lastLines.Snapshot();

    internal static DevNode Start(DevNodePlan plan)
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false };
        (start.FileName, string[] first) = Executable();
        foreach (string argument in first.Concat(["serve", ServeCommand.StopWithInputOption]).Concat(plan.Arguments))
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start) ?? throw new InvalidOperationException("the node's process did not start");
        return new DevNode(plan, process);
    }

    /// <summary>How the process ended, in words.</summary>
    internal string HowItEnded()
    {
        int code = _process.ExitCode;
        return code switch
        {
            ExitCode.Done => "it stopped by itself (exit code 0)",
            > SignalBase and < SignalBase + 65 => $"it was killed by signal {code - SignalBase} (exit code {code})",
            _ => $"exit code {code}",
        };
    }

    internal async Task Stop(TimeSpan patience)
    {
        CloseInput();
        try
        {
            await Ended.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            await Ended;
        }
    }

    public void Dispose()
    {
        CloseInput();
        _process.Dispose();
    }

    /// <summary>This very executable: <c>torc</c> itself, or <c>dotnet torc.dll</c>.</summary>
    private static (string File, string[] First) Executable()
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("the path of this executable is unknown");
        bool isHost = Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return (self, isHost ? [Assembly.GetExecutingAssembly().Location] : []);
    }

    private void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The child is gone already, which is what closing its input asks for.
        }
    }

    private async Task WaitForEnd()
    {
        await _process.WaitForExitAsync();
        await _logPump;
    }

    private async Task PumpLog()
    {
        await using var log = new StreamWriter(Plan.LogFile, append: true) { AutoFlush = true };
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _lastLines.Add(line);
            await log.WriteLineAsync(line);
        }
    }
}
