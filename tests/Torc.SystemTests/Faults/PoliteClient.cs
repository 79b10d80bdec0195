using System.Diagnostics;
using System.Globalization;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A client that sets and gets one key all the time, and notes wrong answers and the longest wait.</summary>
internal sealed class PoliteClient : IDisposable
{
    private const int PauseMs = 1;
    private readonly RespClient _client;
    private readonly Thread _thread;
    private volatile bool _stop;
    private volatile int _rounds;
    private volatile Exception? _failure;
    private TimeSpan _longest;

    internal PoliteClient(TorcNode node)
    {
        _client = node.Connect();
        _thread = new Thread(Run) { IsBackground = true, Name = "polite client" };
        _thread.Start();
    }

    internal void WaitForRounds(int more)
    {
        int goal = _rounds + more;
        Wait.Until("the polite client to be served", () => _rounds >= goal || _failure is not null);
    }

    /// <summary>Stops; fails when any answer was wrong. The longest time that one command took.</summary>
    internal TimeSpan Finish()
    {
        Dispose();
        _failure.ShouldBeNull();
        return _longest;
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _client.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                string value = _rounds.ToString(CultureInfo.InvariantCulture);
                long began = Stopwatch.GetTimestamp();
                _client.Text("SET", "polite", value).ShouldBe("OK");
                _client.Text("GET", "polite").ShouldBe(value);
                TimeSpan took = Stopwatch.GetElapsedTime(began);
                if (took > _longest)
                    _longest = took;
                _rounds++;
                Thread.Sleep(PauseMs);
            }
        }
        catch (Exception error)
        {
            _failure = error;
        }
    }
}
