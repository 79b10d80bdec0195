using Torc.Core.Cells;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>What a read handler gets: the row that the asked level agreed on, and where the reply goes.</summary>
public readonly ref struct ReadContext(Request request, RowView row, Instant now, ByteWriter reply)
{
    public Request Request { get; } = request;

    /// <summary>The row as stored, expired or deleted ones included; see <see cref="IsLive"/>.</summary>
    public RowView Row { get; } = row;

    public Instant Now { get; } = now;

    public ByteWriter Reply { get; } = reply;

    /// <summary>The key exists, by the coordinator's clock.</summary>
    public bool IsLive { get; } = row.IsLive(now.WallMs);

    public CommandBuffer Arguments => Request.Arguments;
}
