using Torc.Protocols.Resp;
using Torc.Simulator.Checkers;

namespace Torc.Simulator.Clients;

/// <summary>What a reply says about its operation.</summary>
internal static class ReplyReading
{
    /// <summary>Errors that promise that nothing was applied.</summary>
    private static readonly string[] RefusalWords = ["UNAVAILABLE", "LOADING", "BUSY", "DISKFULL", "DAMAGED", "STALEMAP"];

    private static readonly string[] TooLarge = ["ERR the value is too large", "ERR string exceeds maximum allowed size"];

    /// <summary>Completes the operation; false when this is no reply that the command may have.</summary>
    public static bool TryComplete(Operation operation, RespValue reply, long nowMicros)
    {
        if (operation.IsFlush)
        {
            // Some partitions may have done it whatever the error says.
            bool isDone = reply is { IsError: false, Text: "OK" };
            History.Complete(operation, isDone ? OperationOutcome.Done : OperationOutcome.Unknown, nowMicros);
            return isDone || reply.IsError;
        }
        if (reply.IsError)
            return TryCompleteWithError(operation, reply.Text, nowMicros);
        if (operation.Kind == OperationKind.Read)
        {
            if (!reply.IsNull && reply.Kind != RespKind.Bulk)
                return false;
            History.CompleteRead(operation, reply.IsNull ? null : reply.Text, nowMicros);
            return true;
        }
        OperationOutcome? outcome = operation.Kind switch
        {
            OperationKind.Write when reply.Text == "OK" => OperationOutcome.Done,
            OperationKind.WriteIfAbsent when reply.IsNull => OperationOutcome.NotApplied,
            OperationKind.WriteIfAbsent when reply.Text == "OK" => OperationOutcome.Done,
            OperationKind.Append when reply.Kind == RespKind.Integer => OperationOutcome.Done,
            OperationKind.Delete or OperationKind.Expire when reply is { Kind: RespKind.Integer, Integer: 1 } => OperationOutcome.Done,
            OperationKind.Delete or OperationKind.Expire when reply is { Kind: RespKind.Integer, Integer: 0 } => OperationOutcome.NotApplied,
            _ => null,
        };
        if (outcome is { } known)
            History.Complete(operation, known, nowMicros);
        return outcome is not null;
    }

    private static bool TryCompleteWithError(Operation operation, string text, long nowMicros)
    {
        string word = text.Split(' ', 2)[0];
        if (word == "TIMEOUT")
            History.Complete(operation, OperationOutcome.Unknown, nowMicros);
        else if (RefusalWords.Contains(word) || TooLarge.Any(text.StartsWith))
            History.Complete(operation, OperationOutcome.Refused, nowMicros);
        else
            return false;
        return true;
    }
}
