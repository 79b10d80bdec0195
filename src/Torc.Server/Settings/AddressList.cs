using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Torc.Server.Settings;

/// <summary>A host and a port; the host is a name or an address (an IPv6 one is written in brackets).</summary>
public readonly record struct HostAndPort(string Host, int Port)
{
    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    public static bool TryParse(string text, out HostAndPort address)
    {
        address = default;
        string trimmed = text.Trim();
        int colon = trimmed.LastIndexOf(':');
        if (colon <= 0)
            return false;
        string host = trimmed[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            return false;
        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            return false;
        if (!int.TryParse(trimmed.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
            return false;
        address = new HostAndPort(host.ToLowerInvariant(), port);
        return true;
    }
}

/// <summary>
/// Addresses, sorted by host and then port and each one once, so that the same set written in any order is the same list:
/// a node's id is its address's place in the list of first nodes.
/// </summary>
public sealed record AddressList(IReadOnlyList<HostAndPort> Addresses)
{
    private static readonly Comparer<HostAndPort> ByHostThenPort = Comparer<HostAndPort>.Create(static (a, b) =>
        string.CompareOrdinal(a.Host, b.Host) is var hosts and not 0 ? hosts : a.Port.CompareTo(b.Port));

    public bool IsEmpty => Addresses.Count == 0;

    public override string ToString() => string.Join(',', Addresses);

    /// <summary>False when an item is not host:port or stands there twice.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AddressList? list)
    {
        list = null;
        var found = new SortedSet<HostAndPort>(ByHostThenPort);
        foreach (string item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!HostAndPort.TryParse(item, out HostAndPort address) || !found.Add(address))
                return false;
        }
        list = new AddressList([.. found]);
        return true;
    }

    /// <summary>The place of an address in the list, or -1.</summary>
    public int IndexOf(HostAndPort address)
    {
        for (int index = 0; index < Addresses.Count; index++)
        {
            if (Addresses[index] == address)
                return index;
        }
        return -1;
    }
}
