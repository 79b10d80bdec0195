namespace Torc.Server.Settings;

/// <summary>A configuration that a node cannot start with; the message is one line that names the setting and says what to do.</summary>
public sealed class SettingException(string message) : Exception(message);
