using System.Globalization;
using System.Text;

namespace Torc.Server.Logging;

/// <summary>
/// Writes each log message as one line to standard error: time (UTC), level, category, text. A person reads it as it
/// is; a collector splits it at spaces. Line breaks inside a message become spaces, so one message is always one line.
/// </summary>
public sealed class LineLoggerProvider(TextWriter to, LineLevel least, Func<DateTime> utcNow) : ILoggerProvider
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, ShortName(categoryName));

    public void Dispose()
    {
    }

    private static string ShortName(string category) => category[(category.LastIndexOf('.') + 1)..];

    private void Write(string category, LogLevel level, string text, Exception? error)
    {
        var line = new StringBuilder(text.Length + 64);
        line.Append(utcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        line.Append(' ').Append(Word(level)).Append(' ').Append(category).Append(": ").Append(text);
        if (error is not null)
            line.Append(" | ").Append(error);
        line.Replace("\r", "").Replace('\n', ' ');
        lock (_gate)
        {
            try
            {
                to.WriteLine(line);
            }
            catch (IOException)
            {
                // Nobody reads standard error any more (the terminal is gone): the node goes on without a log.
            }
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };

    private static LineLevel Importance(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => LineLevel.Debug,
        LogLevel.Information => LineLevel.Info,
        LogLevel.Warning => LineLevel.Warning,
        _ => LineLevel.Error,
    };

    private sealed class LineLogger(LineLoggerProvider owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && Importance(logLevel) >= owner.Least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                owner.Write(category, logLevel, formatter(state, exception), exception);
        }
    }

    private LineLevel Least => least;
}
