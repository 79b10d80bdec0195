using Spectre.Console;
using Torc.Server.CommandLine;

namespace Torc.Server.Bench;

/// <summary>How far a run is, for people who watch it.</summary>
internal sealed record BenchProgress(bool IsMeasuring, double Share, double Seconds, long Done, long WarmUp, long Failed, long P99Nanoseconds)
{
    internal const int IntervalMs = 250;

    /// <summary>Runs with a bar on standard error that moves; without a terminal there, in silence.</summary>
    internal static T Show<T>(string title, Func<Action<BenchProgress>, T> run)
    {
        if (Console.IsErrorRedirected)
            return run(static _ => { });
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: 1);
                return run(progress =>
                {
                    task.Value = progress.Share;
                    task.Description = Markup.Escape($"{title}: {progress.Text}");
                });
            });
    }

    private string Text => !IsMeasuring
        ? $"warming up, {Screen.Count(WarmUp)} operations"
        : FormattableString.Invariant($"{Rate:N0}/s, p99 {P99Nanoseconds / 1e6:0.000} ms, {Done:N0} done, {Failed:N0} failed");

    private double Rate => Seconds > 0 ? Done / Seconds : 0;
}
