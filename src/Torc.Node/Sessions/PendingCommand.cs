using Torc.Node.Commands;

namespace Torc.Node.Sessions;

/// <summary>A command whose reply has not left: its place in the queue keeps replies in order.</summary>
internal sealed class PendingCommand
{
    private ByteWriter? _reply;

    /// <summary>The session whose command this is, and the command's number there: places are used again, by any session, and a late reply to an earlier command has others.</summary>
    public Session? Owner { get; private set; }

    public long Ticket { get; private set; }

    public Request? Call { get; set; }

    public CommandPlan? Plan { get; set; }

    public PlanContext? PlanContext { get; set; }

    public long StartedMicros { get; set; }

    public bool Done { get; private set; }

    public bool Muted { get; set; }

    public ReadOnlySpan<byte> Reply => _reply is null ? default : _reply.Written;

    public void Begin(Session owner, long ticket)
    {
        Check.That(Owner is null);
        Owner = owner;
        Ticket = ticket;
    }

    public void Complete(ReadOnlySpan<byte> reply)
    {
        Check.That(!Done);
        _reply ??= new ByteWriter(Math.Max(reply.Length, 64));
        _reply.Clear();
        _reply.Write(reply);
        Done = true;
    }

    public void Reset()
    {
        const int keptBytesMax = 4096;
        if (_reply is { Length: > keptBytesMax })
        {
            _reply.Dispose();
            _reply = null;
        }
        PlanContext?.Reply.Dispose();
        PlanContext = null;
        Plan = null;
        Call = null;
        Owner = null;
        Ticket = 0;
        Done = false;
        Muted = false;
    }

    public void Dispose()
    {
        _reply?.Dispose();
        _reply = null;
        PlanContext?.Reply.Dispose();
    }
}
