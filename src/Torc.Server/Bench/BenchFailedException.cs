namespace Torc.Server.Bench;

/// <summary>The load could not begin; the message is one line for the user.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);
