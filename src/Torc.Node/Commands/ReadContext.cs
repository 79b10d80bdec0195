using System.Diagnostics.CodeAnalysis;
using Torc.Core.Cells;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>What a read handler gets: the row that the asked level agreed on, and where the reply goes.</summary>
/// <remarks>Its maker fills the row in where it lies, and calls <see cref="Judge"/>.</remarks>
public ref struct ReadContext(Request request, Instant now, ByteWriter reply)
{
    private RowView _row;

    public readonly Request Request { get; } = request;

    public readonly Instant Now { get; } = now;

    public readonly ByteWriter Reply { get; } = reply;

    /// <summary>The key exists, by the coordinator's clock.</summary>
    public bool IsLive { readonly get; private set; }

    public readonly CommandBuffer Arguments => Request.Arguments;

    /// <summary>The row as stored, expired or deleted ones included; see <see cref="IsLive"/>.</summary>
    [UnscopedRef]
    public readonly ref readonly RowView Row => ref _row;

    [UnscopedRef]
    internal ref RowView Found => ref _row;

    /// <summary>The row is there.</summary>
    internal void Judge() => IsLive = _row.IsLive(Now.WallMs);
}
