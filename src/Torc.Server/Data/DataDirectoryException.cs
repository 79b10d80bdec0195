namespace Torc.Server.Data;

/// <summary>A data directory that this node may not use; the message is one line for the person who started it.</summary>
public sealed class DataDirectoryException(string message) : Exception(message);
