namespace Torc.Node.Commands.Keys;

/// <summary>
/// A plan that looks at every live key of some partitions: each partition range by range, several partitions at once.
/// </summary>
internal abstract class PartitionWalk : CommandPlan
{
    /// <summary>Ranges under way at once; each is a message of up to <see cref="RangeBudget"/> keys.</summary>
    private const int PartitionsAtOnceMax = 16;

    private const int RangeBudget = 1_000;

    private readonly Dictionary<int, int> _partitionOfPart = [];
    private int _next;
    private int _end;

    public override void OnReply(PlanContext context, int part, ReadOnlySpan<byte> reply)
    {
        _partitionOfPart.Remove(part, out int partition);
        if (ReplyReader.IsError(reply))
        {
            context.Reply.Clear();
            context.Reply.Write(reply);
            context.Finish();
            return;
        }
        var reader = new ReplyReader(reply);
        int keys = reader.ArrayHeader() - 1;
        ulong end = reader.BulkNumber();
        for (int i = 0; i < keys && !context.Finished; i++)
            OnKey(context, reader.Bulk());
        if (context.Finished)
            return;
        if (end != 0)
            Issue(context, partition, end);
        else
            IssueMore(context);
        if (context.Outstanding > 0)
            return;
        OnEnd(context);
        context.Finish();
    }

    /// <summary>Walks partitions <paramref name="first"/> to <paramref name="end"/> - 1.</summary>
    protected void Begin(PlanContext context, int first, int end)
    {
        _next = first;
        _end = end;
        IssueMore(context);
    }

    /// <summary>A live key. May finish the plan.</summary>
    protected abstract void OnKey(PlanContext context, ReadOnlySpan<byte> key);

    /// <summary>All were seen: write the reply.</summary>
    protected abstract void OnEnd(PlanContext context);

    private void IssueMore(PlanContext context)
    {
        while (_next < _end && context.Outstanding < PartitionsAtOnceMax)
            Issue(context, _next++, 0);
    }

    private void Issue(PlanContext context, int partition, ulong from) =>
        _partitionOfPart.Add(ScanRequests.Issue(context, partition, from, RangeBudget), partition);
}
