using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>
/// One request for each key that the command names, in one phase. Other commands of the connection may be under way beside it, as
/// long as all its requests are issued at once: a key whose turn comes only when others are answered could be overtaken meanwhile.
/// </summary>
internal abstract class KeysPlan : PartsPlan
{
    public sealed override bool StandsAlone(CommandBuffer arguments) => CountKeys(arguments) > PartsOutstandingMax;

    public override void Start(PlanContext context) => Begin(context, CountKeys(context.Arguments));

    protected abstract int CountKeys(CommandBuffer arguments);
}
