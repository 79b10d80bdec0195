using Torc.Node;
using Torc.Server.Logging;

namespace Torc.Server.Hosting;

/// <summary>Turns what happened below Server into counters and log lines. Any thread.</summary>
internal sealed class EventSink(ILogger log)
{
    /// <summary>What a server counts: the events for checkers are not told to it.</summary>
    private static readonly NodeEventKind[] Kinds = [.. Enum.GetValues<NodeEventKind>().Where(static kind => kind is not (NodeEventKind.Stamped or NodeEventKind.LevelMet))];

    private readonly long[] _counts = new long[(int)Enum.GetValues<NodeEventKind>().Max() + 1];

    internal IEnumerable<(NodeEventKind Kind, long Count)> Counts => Kinds.Select(kind => (kind, Interlocked.Read(ref _counts[(int)kind])));

    internal void Take(List<NodeEvent> events)
    {
        int incomplete = 0;
        foreach (NodeEvent happened in events)
        {
            Interlocked.Increment(ref _counts[(int)happened.Kind]);
            if (happened.Kind == NodeEventKind.PartitionIncomplete)
                incomplete++;
            else
                Log(happened);
        }
        if (incomplete > 0)
            log.PartitionsIncomplete(string.Join(", ", events.Where(static happened => happened.Kind == NodeEventKind.PartitionIncomplete).Select(static happened => happened.Partition)));
    }

    private void Log(in NodeEvent happened)
    {
        switch (happened.Kind)
        {
            case NodeEventKind.Formed:
                log.Formed(happened.Detail ?? "");
                break;
            case NodeEventKind.MapAdvanced:
                log.MapAdvanced(happened.Detail ?? "");
                break;
            case NodeEventKind.VotersRecovered:
                log.VotersRecovered(happened.Detail ?? "");
                break;
            case NodeEventKind.Removed:
                log.Removed(happened.Node, happened.Detail ?? "");
                break;
            case NodeEventKind.LogWentBack:
                log.LogWentBack(happened.Detail ?? "");
                break;
            case NodeEventKind.DiskSlow:
                log.DiskSlow(happened.Count);
                break;
            case NodeEventKind.DiskFast:
                log.DiskFast(happened.Count);
                break;
            case NodeEventKind.PeerUp:
                log.PeerUp(happened.Node);
                break;
            case NodeEventKind.PeerDown:
                log.PeerDown(happened.Node);
                break;
            case NodeEventKind.PeerRefused:
                log.PeerRefused($"node {happened.Node}: {happened.Detail}");
                break;
            case NodeEventKind.DamagedRead:
                log.DamagedRead(happened.Detail ?? "", happened.Partition);
                break;
            case NodeEventKind.HintsDelivered:
                log.HintsDelivered(happened.Node);
                break;
            case NodeEventKind.HintBudgetSpent:
                log.HintBudgetSpent(happened.Node, happened.Detail ?? "");
                break;
            case NodeEventKind.PlacementWarning:
                log.PlacementWarning(happened.Detail ?? "");
                break;
            default:
                break;
        }
    }
}
