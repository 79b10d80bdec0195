namespace Torc.Base;

/// <summary>A bug in Torc: an assertion of <see cref="Check"/> did not hold. Never caught to go on.</summary>
public sealed class InvariantException(string message) : Exception(message);
