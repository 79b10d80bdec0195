using Microsoft.Extensions.Logging;
using Torc.Server.Logging;

namespace Torc.Tests.Server.Logging;

public sealed class LineLoggerProviderTests
{
    [Fact]
    public void A_message_is_one_line_whatever_is_in_it()
    {
        var to = new StringWriter { NewLine = "\n" };
        using var provider = new LineLoggerProvider(to, LineLevel.Info, static () => new DateTime(2026, 1, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        ILogger log = provider.CreateLogger("Torc.Server.Hosting.NodeHost");
        log.Log(LogLevel.Warning, default, "two\r\nlines", null, static (text, _) => text);
        log.Log(LogLevel.Debug, default, "not wanted", null, static (text, _) => text);
        to.ToString().ShouldBe("2026-01-02T03:04:05.006Z warning NodeHost: two lines\n");
    }
}
