using System.Globalization;
using System.Text;

namespace Torc.Node.Commands.Keys;

/// <summary>Requests for a range of one partition's keys; see <see cref="InternalCommands.Scan"/>.</summary>
internal static class ScanRequests
{
    public const int BudgetMax = Peers.ScanMessage.BudgetMax;

    /// <param name="kind">Only keys of this kind; null for all.</param>
    /// <returns>The part number.</returns>
    public static int Issue(PlanContext context, int partition, ulong from, int budget, int? kind = null)
    {
        Request request = context.NewRequest(InternalCommands.Scan);
        request.Arguments.Add(Encoding.ASCII.GetBytes(from.ToString(CultureInfo.InvariantCulture)));
        request.Arguments.Add(Encoding.ASCII.GetBytes(Math.Min(budget, BudgetMax).ToString(CultureInfo.InvariantCulture)));
        if (kind is { } wanted)
            request.Arguments.Add(Encoding.ASCII.GetBytes(wanted.ToString(CultureInfo.InvariantCulture)));
        return context.IssueToPartition(request, partition);
    }
}
