using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>
/// A plan of equal parts, one request each (a key, a partition): at most <see cref="PartsOutstandingMax"/> are under way at
/// once. The first error stops the issuing, and is the reply once the parts under way are answered. If a command that
/// writes failed for some keys and not for others, the reply says so and begins with TIMEOUT: a plain refusal would claim
/// that nothing was applied.
/// </summary>
internal abstract class PartsPlan : CommandPlan
{
    public const int PartsOutstandingMax = 256;

    private int _count;
    private int _issued;
    private int _answered;
    private int _done;
    private int _earlierParts;
    private byte[]? _firstError;

    /// <summary>The parts of this phase that were answered without an error.</summary>
    protected int Done => _done;

    public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
    {
        _answered++;
        if (ReplyReader.IsError(reply) && !Excuses(reply))
        {
            _firstError ??= ReplyReader.ErrorText(reply).ToArray();
        }
        else
        {
            _done++;
            OnPart(context, part - _earlierParts, reply);
        }
        Advance(context);
    }

    /// <summary>Begins a phase of parts 0 to <paramref name="count"/> - 1.</summary>
    protected void Begin(PlanContext context, int count)
    {
        _earlierParts += _issued;
        _count = count;
        _issued = 0;
        _answered = 0;
        _done = 0;
        Advance(context);
    }

    protected abstract void Issue(PlanContext context, int part);

    protected abstract void OnPart(PlanContext context, int part, ReadOnlySpan<byte> reply);

    /// <summary>Every part of the phase was answered: begin another phase, or write the reply and finish.</summary>
    protected abstract void OnAllDone(PlanContext context);

    /// <summary>Errors that are answers to this command.</summary>
    protected virtual bool Excuses(ReadOnlySpan<byte> reply) => false;

    private void Advance(PlanContext context)
    {
        while (_firstError is null && _issued < _count && _issued - _answered < PartsOutstandingMax)
        {
            _issued++;
            Issue(context, _issued - 1);
        }
        if (_answered < _issued)
            return;
        if (_firstError is null)
            OnAllDone(context);
        else
            Fail(context, _firstError);
    }

    private void Fail(PlanContext context, byte[] error)
    {
        bool partly = context.Call.Spec.IsWrite && _done > 0;
        if (partly)
            context.Reply.Error($"TIMEOUT {context.Call.Spec.Name}: done for {_done} of {_count}, not for all; the first error: {((ReadOnlySpan<byte>)error).Text()}");
        else
            context.Reply.Error(error);
        context.Finish();
    }
}
