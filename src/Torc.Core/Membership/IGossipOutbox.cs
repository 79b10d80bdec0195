namespace Torc.Core.Membership;

/// <summary>Messages of <see cref="Gossip"/>. Numbers are sent.</summary>
public enum GossipKind : byte
{
    /// <summary>A round: what the sender knows, answered by what the receiver knows better.</summary>
    Round = 4,
    Answer = 5,

    /// <summary>Are you there? Answered at once, by way of whoever asked.</summary>
    Probe = 6,
    ProbeAnswer = 7,

    /// <summary>Please probe that node for me: I hear nothing of it.</summary>
    ProbeRequest = 8,

    /// <summary>The newest cluster map, whole or as what it changes in an older one.</summary>
    Map = 9,
}

/// <summary>Where gossip puts its messages: one at a time, begun and ended.</summary>
public interface IGossipOutbox
{
    ByteWriter Begin(ushort to, GossipKind kind);

    void End(ushort to);
}
