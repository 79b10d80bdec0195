namespace Torc.Server.Logging;

/// <summary>How much a log line matters.</summary>
public enum LineLevel { Debug, Info, Warning, Error }
