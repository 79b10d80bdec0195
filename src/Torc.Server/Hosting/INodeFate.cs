namespace Torc.Server.Hosting;

/// <summary>Where faults go that end the node: a failed disk, a broken invariant.</summary>
internal interface INodeFate
{
    /// <summary>Says what happened in one line and ends the process at once: nothing may be acknowledged any more.</summary>
    void Fail(Exception error);
}
