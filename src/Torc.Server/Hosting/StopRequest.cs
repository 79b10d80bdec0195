using System.Runtime.InteropServices;

namespace Torc.Server.Hosting;

/// <summary>Completes when the process is asked to stop: by a signal, or by the end of its standard input when it was started so.</summary>
internal sealed class StopRequest : IDisposable
{
    private readonly TaskCompletionSource<string> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] _signals;

    internal StopRequest(bool stopWithInput)
    {
        _signals =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
                .Select(signal => PosixSignalRegistration.Create(signal, OnSignal)),
        ];
        if (stopWithInput)
            new Thread(WatchInput) { IsBackground = true, Name = "input" }.Start();
    }

    /// <summary>Why, in a few words.</summary>
    internal Task<string> Requested => _requested.Task;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _requested.TrySetResult($"signal {context.Signal}");
    }

    private void WatchInput()
    {
        using Stream input = Console.OpenStandardInput();
        byte[] ignored = new byte[256];
        try
        {
            while (input.Read(ignored) > 0)
            {
            }
        }
        catch (IOException)
        {
            // An input that cannot be read any more has ended.
        }
        _requested.TrySetResult("the process that started it ended or asked for it");
    }
}
