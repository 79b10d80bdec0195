using System.Collections.Immutable;
using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>
/// Brings about changes of the cluster map: proposes what operators ask of this node, one request after another, and, while this node is the
/// driver, the next step of the change under way. All of it is one proposal at a time in <see cref="MapRegister"/>.
/// </summary>
public sealed class ChangeCoordinator
{
    /// <summary>Maps that may be decided in a row in place of the one that a request proposed, before the request is given up.</summary>
    private const int LostMax = 16;

    /// <summary>Requests that wait, and reports that are kept.</summary>
    private const int RequestsMax = 16;

    private readonly ushort _self;
    private readonly MapRegister _register;
    private readonly ChangeDriver.IReports _reports;
    private readonly int _copiesPerNodeMax;
    private readonly Queue<ClusterRequest> _waiting = new();
    private ClusterRequest? _proposed;
    private int _lost;

    internal ChangeCoordinator(ushort self, MapRegister register, ChangeDriver.IReports reports, int copiesPerNodeMax)
    {
        _self = self;
        _register = register;
        _reports = reports;
        _copiesPerNodeMax = copiesPerNodeMax;
    }

    /// <summary>What became of the last requests, in the order in which they were made. Replaced, never changed: readable from anywhere.</summary>
    public ImmutableArray<ClusterRequestReport> Reports { get; private set; } = [];

    /// <summary>Takes a request; its outcome is told by <see cref="Reports"/>.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="map">The map in use; null when there is none.</param>
    /// <param name="obstacle">Why this node can ask for nothing now; empty when it can.</param>
    /// <param name="outbox">For events.</param>
    /// <returns>A map to be used at once, on the operator's word; null mostly.</returns>
    public ClusterMap? Ask(ClusterRequest request, ClusterMap? map, string obstacle, Outbox outbox)
    {
        Report(request, ClusterRequestState.Deciding, "being decided");
        if (map is null || obstacle.Length > 0)
            Report(request, ClusterRequestState.Refused, obstacle.Length > 0 ? obstacle : Texts.NoCluster);
        else if (request.Wish is ClusterWish.RecoverVoters recovery)
            return RecoverVoters(request, map, recovery.Lost, outbox);
        else if (_waiting.Count < RequestsMax)
            _waiting.Enqueue(request);
        else
            Report(request, ClusterRequestState.Refused, $"{RequestsMax} requests wait already: are the voters up?");
        return null;
    }

    /// <summary>Time has passed, or a map came into use.</summary>
    /// <param name="map">The map in use.</param>
    /// <param name="now">Now.</param>
    public void Step(ClusterMap map, Instant now)
    {
        if (_proposed is not null)
            Settle(_proposed, map);
        if (!_register.CanPropose)
            return;
        while (_register.CanPropose && _waiting.TryDequeue(out ClusterRequest? request))
            Propose(request, map, now);
        if (_register.CanPropose && ChangeDriver.IsDriver(map, _self, _reports)
            && ChangeDriver.Next(map, _reports, _copiesPerNodeMax) is { } next)
            _register.Propose(next, now);
    }

    /// <summary>This node is no member any more. Nothing is decided through it from now on, and who asked it for something is not left waiting.</summary>
    public void EndRemoved()
    {
        if (_proposed is not null)
            EndRemoved(_proposed, _register.Proposal == ProposalState.Won);
        while (_waiting.TryDequeue(out ClusterRequest? request))
            EndRemoved(request, isDecided: false);
        _proposed = null;
    }

    private void EndRemoved(ClusterRequest request, bool isDecided)
    {
        // What removed this node may have come as the last of several maps, of which it saw no other.
        isDecided |= request.Wish is ClusterWish.Change { Request: ChangeRequest.Leave leave } && leave.Nodes.Contains(_self)
            || request.Wish is ClusterWish.Change { Request: ChangeRequest.Replace replace } && replace.Old == _self;
        if (isDecided)
            Report(request, ClusterRequestState.Decided, "decided");
        else
            Report(request, ClusterRequestState.Refused, $"It may have been decided: look at another node. {Texts.Removed}");
    }

    private void Propose(ClusterRequest request, ClusterMap map, Instant now)
    {
        switch (request.Wish)
        {
            case ClusterWish.Change change when ChangePlanner.Plan(map, change.Request) is var plan:
                if (plan.Refusal is null)
                    Submit(request, plan.First!, now);
                else
                    Report(request, ClusterRequestState.Refused, plan.Refusal);
                break;
            case ClusterWish.Cancel when map.IsChanging:
                Submit(request, ChangeSteps.Cancel(map), now);
                break;
            case ClusterWish.Cancel:
                Report(request, ClusterRequestState.Refused, "No change is under way.");
                break;
        }
    }

    /// <summary>
    /// The map with which the cluster goes on after it lost the majority of its voters; null when that is refused. The operator vouches that the
    /// voters named are gone for ever; what can be seen from here must not speak against it.
    /// </summary>
    private ClusterMap? RecoverVoters(ClusterRequest request, ClusterMap map, IReadOnlyList<ushort> lost, Outbox outbox)
    {
        string? objection = null;
        foreach (ushort voter in lost)
        {
            if (!map.Voters.Contains(voter))
                objection ??= $"Node {voter} is no voter; the voters are nodes {string.Join(", ", map.Voters)}.";
            else if ((voter == _self || _reports.IsAlive(voter)) && _reports.BirthOf(voter) == map.NodeOf(voter)!.Birth)
                objection ??= $"Node {voter} is up."; // One that is up without its disk has no vote, and is to be let in again first.
        }
        if (map.Voters.Count(voter => !lost.Contains(voter)) > map.Voters.Count / 2)
            objection ??= "The other voters are a majority, and decide without those. Remove lost nodes with REMOVE.";
        Report(request, objection is null ? ClusterRequestState.Decided : ClusterRequestState.Refused, objection ?? "decided on the operator's word");
        if (objection is not null)
            return null;
        ClusterMap recovered = ChangeSteps.RecoverVoters(map, lost);
        outbox.Events.Add(new NodeEvent(NodeEventKind.VotersRecovered, Detail: $"epoch {recovered.Epoch}: without nodes {string.Join(", ", lost)}"));
        return recovered;
    }

    private void Submit(ClusterRequest request, ClusterMap next, Instant now)
    {
        _proposed = request;
        _register.Propose(next, now);
    }

    private void Settle(ClusterRequest request, ClusterMap map)
    {
        switch (_register.Proposal)
        {
            case ProposalState.Running:
            case ProposalState.Won when !_register.CanPropose:
                return; // In the second case the map is decided, and is being made durable here.
            case ProposalState.Won:
                Report(request, ClusterRequestState.Decided, "decided");
                break;
            case ProposalState.Lost when ++_lost < LostMax:
                // Planned once more from the map that was decided instead, which need not be in use yet.
                _waiting.Enqueue(request);
                _proposed = null;
                return;
            case ProposalState.Lost:
                Report(request, ClusterRequestState.Refused, "Other changes were decided instead, again and again. Look at what is under way, then ask again.");
                break;
            default:
                Report(request, ClusterRequestState.Refused,
                    $"No majority of the voters (nodes {string.Join(", ", map.Voters)}) answered. The change may still be decided once they are back: look before you ask again.");
                break;
        }
        _proposed = null;
        _lost = 0;
    }

    private void Report(ClusterRequest request, ClusterRequestState state, string text)
    {
        ImmutableArray<ClusterRequestReport> kept = Reports.RemoveAll(report => report.Number == request.Number);
        if (kept.Length == RequestsMax)
            kept = kept.RemoveAt(0);
        Reports = kept.Add(new ClusterRequestReport(request.Number, state, text));
    }
}
