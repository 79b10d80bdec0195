using System.Globalization;

namespace Torc.SystemTests.Kills;

/// <summary>How one write ended, as its client saw it.</summary>
internal enum WriteEnd
{
    Acknowledged,

    /// <summary>An error that promises that nothing was written.</summary>
    Refused,

    /// <summary>TIMEOUT, or the connection broke before the reply: it may have happened, or happen later.</summary>
    Unknown,
}

/// <summary>
/// What a client knows of one key. Its writes are numbered from 1 and follow each other; after one with an unknown end
/// the key is not written again, because that write may still arrive.
/// </summary>
internal struct KeyRecord
{
    private const int WritesMax = 3;
    private byte _sent;
    private byte _acknowledged;
    private byte _open;

    internal readonly bool IsAcknowledged => _acknowledged > 0;

    /// <summary>True when a write of it is under way, or ended without an answer.</summary>
    internal readonly bool IsOpen => _open > 0;

    internal readonly bool MayBeWritten => _sent < WritesMax && !IsOpen;

    /// <summary>A write is about to be sent; its number.</summary>
    internal int Begin()
    {
        _sent++;
        _open = _sent;
        return _sent;
    }

    internal void Finish(WriteEnd end)
    {
        if (end == WriteEnd.Acknowledged)
            _acknowledged = _open;
        if (end != WriteEnd.Unknown)
            _open = 0;
    }

    /// <summary>Null when a read may answer <paramref name="value"/> (null: nil); otherwise what is wrong.</summary>
    internal readonly string? Problem(string key, string? value)
    {
        bool isAcknowledged = _acknowledged > 0 ? value == Value(key, _acknowledged) : value is null;
        if (isAcknowledged || (IsOpen && value == Value(key, _open)))
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"{key} is {value ?? "nil"}; acknowledged write {_acknowledged}, open write {_open}, sent {_sent}");
    }

    /// <summary>A value that no other write has.</summary>
    internal static string Value(string key, int write) => string.Create(CultureInfo.InvariantCulture, $"{key}/{write}/of-this-key-and-write-only");
}
