using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;

namespace Torc.Tests.Node;

/// <summary>Numbers that nodes send each other: changing one breaks a cluster of mixed versions.</summary>
public class FrozenNumbersTests
{
    [Fact]
    public void Peer_messages()
    {
        Enum.GetValues<PeerMessageKind>().Select(kind => $"{(byte)kind} {kind}").ShouldBe(
        [
            "1 Heartbeat", "2 HeartbeatEcho", "3 Greeting", "4 GossipRound", "5 GossipAnswer", "6 Probe",
            "7 ProbeAnswer", "8 ProbeRequest", "9 NewerMap", "10 Consensus", "11 JoinRequest", "12 JoinAnswer", "13 Map", "14 MapQuestion", "16 Write",
            "17 WriteReply", "18 Read", "19 ReadReply", "20 Scan",
            "21 ScanReply", "22 Forward", "23 ForwardReply", "24 List", "25 ListReply", "26 Hint", "27 HintReply", "28 Relay", "29 PassedWrite",
            "40 TreeRoots", "41 TreeRootsReply", "42 TreeNodes", "43 TreeNodesReply", "44 Floor", "45 FloorReply",
        ]);
        PeerGreeting.ProtocolVersion.ShouldBe((ushort)5);
        (ClusterLevel.Oldest, ClusterLevel.Newest).ShouldBe(((byte)2, (byte)3), "what came with a level stays at it");
        PeerFrame.HeaderBytes.ShouldBe(8);
        PeerFrame.MessageHeaderBytes.ShouldBe(15);
    }

    [Fact]
    public void Answers()
    {
        Enum.GetValues<WriteStatus>().Select(status => $"{(byte)status} {status}").ShouldBe(["0 Applied", "1 Superseded", "2 Refused"]);
        Enum.GetValues<FloorStep>().Select(step => $"{(byte)step} {step}").ShouldBe(["1 Close", "2 Hold", "3 Raise"]);
        Enum.GetValues<FloorAnswer>().Select(answer => $"{(byte)answer} {answer}").ShouldBe(["1 Done", "2 NotYet", "3 Refused"]);
        Enum.GetValues<ReadStatus>().Select(status => $"{(byte)status} {status}").ShouldBe(["0 Answered", "1 Damaged", "2 Refused"]);
    }

    [Fact]
    public void Keyspaces()
    {
        KeyspaceSettings.UserKeyspacesMax.ShouldBe(16);
        KeyspaceSettings.HintsId.ShouldBe((byte)253);
        KeyspaceSettings.SystemId.ShouldBe((byte)254);
        KeyspaceSettings.LocalId.ShouldBe((byte)255);
    }
}
