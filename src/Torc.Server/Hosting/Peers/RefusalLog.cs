using Torc.Base;
using Torc.Server.Logging;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// Tells of refused peers, the same reason at most once a minute: a refused peer tries again every second, for ever, and a
/// stranger as often as it likes. Any thread.
/// </summary>
internal sealed class RefusalLog(ILogger log)
{
    /// <summary>Reasons remembered; when there are more, all are told again.</summary>
    private const int ReasonsMax = 64;

    private const long QuietMicros = 60_000 * Instant.MicrosPerMs;
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    internal void Add(string reason, long nowMicros)
    {
        lock (_gate)
        {
            if (_told.TryGetValue(reason, out long told) && nowMicros - told < QuietMicros)
                return;
            if (_told.Count >= ReasonsMax)
                _told.Clear();
            _told[reason] = nowMicros;
        }
        log.PeerRefused(reason);
    }
}
