using System.Collections.Immutable;
using Microsoft.AspNetCore.Connections;
using Torc.Node.Control;
using Torc.Server.Settings;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// One dialler for each node that the control plane wants a link with. One that is wanted no more dials no more; the link that it has stays until
/// the control plane ends it.
/// </summary>
internal sealed class PeerDialers(LoopTransport transport, PeerLinks links, Func<ConnectionContext, ushort?, Task<string>> serve, ILogger log, CancellationToken stopping)
{
    private readonly Dictionary<LinkTarget, CancellationTokenSource> _dialers = [];
    private readonly List<Task> _running = [];
    private readonly Lock _gate = new();
    private ImmutableArray<LinkTarget> _present = [];

    /// <summary>Cheap when nothing changed. Any thread.</summary>
    internal void Follow(ImmutableArray<LinkTarget> targets)
    {
        lock (_gate)
        {
            if (targets == _present || stopping.IsCancellationRequested)
                return;
            _present = targets;
            foreach (LinkTarget gone in _dialers.Keys.Where(target => !targets.Contains(target)).ToArray())
            {
                _dialers.Remove(gone, out CancellationTokenSource? end);
                end!.Cancel();
            }
            foreach (LinkTarget target in targets.Where(target => !_dialers.ContainsKey(target)))
                Start(target);
            _running.RemoveAll(static task => task.IsCompleted);
        }
    }

    /// <summary>Ends when every dialler has, after <c>stopping</c>.</summary>
    internal Task WhenStopped()
    {
        lock (_gate)
            return Task.WhenAll(_running);
    }

    private void Start(LinkTarget target)
    {
        if (!HostAndPort.TryParse(target.Address, out HostAndPort address))
            return;
        var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _dialers.Add(target, end);
        var dialer = new PeerDialer(target.Node, address, transport, links, serve, log);
        _running.Add(Task.Run(() => dialer.Run(end.Token)));
    }
}
