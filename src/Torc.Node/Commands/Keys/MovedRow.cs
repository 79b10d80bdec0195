using Torc.Core.Cells;
using Torc.Core.Replication;

namespace Torc.Node.Commands.Keys;

/// <summary>A row on its way from one key to another: what <c>torc.row</c> answered, and the requests that RENAME and COPY make of it.</summary>
internal sealed class MovedRow
{
    private byte[] _value = [];
    private ulong _deadlineMs;
    private ulong _stamp;
    private ulong _actor;

    /// <summary>Asks for a row. Never below a quorum: what is moved must be what was acknowledged.</summary>
    public static void Ask(PlanContext context, ReadOnlySpan<byte> key)
    {
        Request request = context.NewRequest(InternalCommands.Row);
        request.Arguments.Add(key);
        request.ReadLevel = Levels.AtLeastQuorum(request.ReadLevel);
        context.Issue(request);
    }

    /// <summary>Takes the answer; false when there is no such key.</summary>
    public bool Take(ReadOnlySpan<byte> reply)
    {
        if (ReplyReader.IsNull(reply))
            return false;
        var reader = new ReplyReader(reply);
        Check.That(reader.ArrayHeader() == 5);
        Check.That(reader.BulkNumber() == (ulong)RowKind.String);
        _value = reader.Bulk().ToArray();
        _deadlineMs = reader.BulkNumber();
        _stamp = reader.BulkNumber();
        _actor = reader.BulkNumber();
        return true;
    }

    /// <summary>Writes the row, with its deadline, to another key; <paramref name="onlyIfMissing"/>: answers null when that key exists.</summary>
    public void Put(PlanContext context, ReadOnlySpan<byte> key, byte keyspace, bool onlyIfMissing)
    {
        Request request = context.NewRequest("set");
        request.Keyspace = keyspace;
        request.Arguments.Add(key);
        request.Arguments.Add(_value);
        if (_deadlineMs != 0)
        {
            request.Arguments.Add("PXAT"u8);
            AddNumber(request, _deadlineMs);
        }
        if (onlyIfMissing)
            request.Arguments.Add("NX"u8);
        context.Issue(request);
    }

    /// <summary>Deletes the key that the row came from, if it still holds this row.</summary>
    public void Remove(PlanContext context, ReadOnlySpan<byte> key)
    {
        Request request = context.NewRequest(InternalCommands.Remove);
        request.Arguments.Add(key);
        AddNumber(request, _stamp);
        AddNumber(request, _actor);
        context.Issue(request);
    }

    private static void AddNumber(Request request, ulong value)
    {
        Span<byte> text = stackalloc byte[20];
        bool fits = value.TryFormat(text, out int length, default, System.Globalization.CultureInfo.InvariantCulture);
        Check.That(fits);
        request.Arguments.Add(text[..length]);
    }
}
