using System.Diagnostics.CodeAnalysis;
using Torc.Core.Cells;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>
/// What a write handler gets. It writes its reply, and at most one change. A handler that changes nothing just replies.
/// For <see cref="CommandKind.Write"/> the row is not to be looked at (it is only this replica's).
/// </summary>
/// <remarks>Its maker fills the row in where it lies, and calls <see cref="Judge"/>.</remarks>
public ref struct WriteContext(Request request, Instant now, int valueBytesMax, ByteWriter delta, ByteWriter reply)
{
    private readonly ByteWriter _delta = delta;
    private RowView _row;
    private Version _stamp;

    public readonly Request Request { get; } = request;

    public readonly Instant Now { get; } = now;

    public readonly ByteWriter Reply { get; } = reply;

    public bool IsLive { readonly get; private set; }

    /// <summary>A longer value is sure to be refused by the store: checked before one is built.</summary>
    public readonly int ValueBytesMax { get; } = valueBytesMax;

    public bool Changed { readonly get; private set; }

    /// <summary>The change depends on the value that was read: running it twice would apply it twice.</summary>
    public bool IsRelative { readonly get; private set; }

    /// <summary>The greatest version in the delta.</summary>
    public Version DeltaVersion { readonly get; private set; }

    public readonly CommandBuffer Arguments => Request.Arguments;

    [UnscopedRef]
    public readonly ref readonly RowView Row => ref _row;

    [UnscopedRef]
    internal ref RowView Found => ref _row;

    /// <summary>The row is there, and this is the version of the change.</summary>
    internal void Judge(Version stamp)
    {
        _stamp = stamp;
        IsLive = _row.IsLive(Now.WallMs);
    }

    /// <summary>SET: replaces whatever the key holds. <paramref name="deadlineMs"/>: Unix time in ms, 0 for none.</summary>
    public void SetString(scoped ReadOnlySpan<byte> value, long deadlineMs)
    {
        Check.That(!Changed);
        DeltaVersion = RowWriter.String(_delta, _stamp, value, deadlineMs);
        Changed = true;
    }

    /// <summary>APPEND, INCR, SET KEEPTTL on a live string: a new value, expiry untouched. On a key that is not live: as SET.</summary>
    public void UpdateString(scoped ReadOnlySpan<byte> value)
    {
        IsRelative = true;
        if (!IsLive)
        {
            SetString(value, 0);
            return;
        }
        Check.That(!Changed);
        DeltaVersion = RowWriter.StringCell(_delta, _stamp, Row.BaseVersion, value);
        Changed = true;
    }

    /// <summary>Gives a live key another deadline (Unix time in ms; 0: none).</summary>
    public void SetDeadline(long deadlineMs)
    {
        Check.That(!Changed && IsLive);
        DeltaVersion = Row.HasDeadline && Row.Kind == RowKind.String
            ? RowWriter.Renewed(_delta, _stamp, Row, deadlineMs)
            : RowWriter.Expiry(_delta, _stamp, Row.BaseVersion, Row.Kind, deadlineMs);
        Changed = true;
    }

    public void Delete()
    {
        Check.That(!Changed);
        DeltaVersion = RowWriter.Tombstone(_delta, _stamp);
        Changed = true;
    }

    /// <summary>Makes an expired row a delete of what it holds; stamps nothing (see the design page, Expiry).</summary>
    public void CollapseExpired()
    {
        Check.That(!Changed && Row.IsExpired(Now.WallMs));
        DeltaVersion = RowWriter.Collapsed(_delta, Row);
        Changed = true;
    }
}
