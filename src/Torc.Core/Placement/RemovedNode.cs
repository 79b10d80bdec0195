namespace Torc.Core.Placement;

/// <summary>A node that was a member once. It stays listed for ever, so that it stays fenced and its id is never given again.</summary>
public readonly record struct RemovedNode(ushort Id, ulong Birth);
