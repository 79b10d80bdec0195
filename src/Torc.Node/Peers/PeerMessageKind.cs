namespace Torc.Node.Peers;

/// <summary>The first byte of every message between nodes. Numbers are sent, so they are frozen by a test.</summary>
public enum PeerMessageKind : byte
{
    Heartbeat = 1,
    HeartbeatEcho = 2,
    Greeting = 3,
    GossipRound = 4,
    GossipAnswer = 5,
    Probe = 6,
    ProbeAnswer = 7,
    ProbeRequest = 8,
    NewerMap = 9,
    Consensus = 10,
    JoinRequest = 11,
    JoinAnswer = 12,
    Map = 13,
    MapQuestion = 14,

    Write = 16,
    WriteReply = 17,
    Read = 18,
    ReadReply = 19,
    Scan = 20,
    ScanReply = 21,
    Forward = 22,
    ForwardReply = 23,
    List = 24,
    ListReply = 25,
    Hint = 26,
    HintReply = 27,
    Relay = 28,
    PassedWrite = 29,

    TreeRoots = 40,
    TreeRootsReply = 41,
    TreeNodes = 42,
    TreeNodesReply = 43,
    Floor = 44,
    FloorReply = 45,
}
