namespace Torc.Server.Logging;

/// <summary>Every message of a node's log, in one place; the numbers are stable.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "torc {Version} starts: {Node}, process {ProcessId}, data in {Data}")]
    internal static partial void Starts(this ILogger log, string version, string node, int processId, string data);

    [LoggerMessage(2, LogLevel.Information, "listening on {Bind}: clients {Port}, peers {PeerPort}, HTTP {HttpPort}")]
    internal static partial void Listens(this ILogger log, string bind, int port, int peerPort, int httpPort);

    [LoggerMessage(3, LogLevel.Information, "shard {Shard} opened in {Milliseconds} ms: {Records} records, {Bytes} bytes, {Segments} segments")]
    internal static partial void ShardOpened(this ILogger log, int shard, long milliseconds, long records, long bytes, int segments);

    [LoggerMessage(4, LogLevel.Warning, "damage in {File} at {Offset}: {What}")]
    internal static partial void Damaged(this ILogger log, string file, long offset, string what);

    [LoggerMessage(5, LogLevel.Information, "taking clients on port {Port}")]
    internal static partial void Ready(this ILogger log, int port);

    [LoggerMessage(6, LogLevel.Information, "stopping: {Reason}")]
    internal static partial void Stopping(this ILogger log, string reason);

    [LoggerMessage(7, LogLevel.Information, "stopped cleanly")]
    internal static partial void Stopped(this ILogger log);

    [LoggerMessage(8, LogLevel.Critical, "the disk failed and the node stops, because what it holds is unknown: {What}")]
    internal static partial void DiskFailed(this ILogger log, string what);

    [LoggerMessage(9, LogLevel.Critical, "a bug in Torc stops the node")]
    internal static partial void Broken(this ILogger log, Exception error);

    [LoggerMessage(10, LogLevel.Information, "cluster formed: {Detail}")]
    internal static partial void Formed(this ILogger log, string detail);

    [LoggerMessage(43, LogLevel.Warning, "the disk is slow beside those of other nodes: a sync takes {Millis} ms. They take what they can do instead of this node")]
    internal static partial void DiskSlow(this ILogger log, int millis);

    [LoggerMessage(44, LogLevel.Information, "the disk is as fast as those of other nodes again: a sync takes {Millis} ms")]
    internal static partial void DiskFast(this ILogger log, int millis);

    [LoggerMessage(11, LogLevel.Information, "node {Node} is up")]
    internal static partial void PeerUp(this ILogger log, int node);

    [LoggerMessage(12, LogLevel.Warning, "node {Node} is down")]
    internal static partial void PeerDown(this ILogger log, int node);

    [LoggerMessage(13, LogLevel.Warning, "peer refused: {Detail}")]
    internal static partial void PeerRefused(this ILogger log, string detail);

    [LoggerMessage(14, LogLevel.Debug, "peer link to node {Node} at {Address} failed: {Reason}")]
    internal static partial void PeerLinkFailed(this ILogger log, int node, string address, string reason);

    [LoggerMessage(15, LogLevel.Debug, "client {Client} at {Address} closed: {Reason}")]
    internal static partial void ClientClosed(this ILogger log, long client, string address, string reason);

    [LoggerMessage(16, LogLevel.Warning, "the disk is full: writes are refused, reads go on")]
    internal static partial void DiskFull(this ILogger log);

    [LoggerMessage(17, LogLevel.Information, "the disk has room again: writes are taken")]
    internal static partial void DiskRoom(this ILogger log);

    [LoggerMessage(18, LogLevel.Information, "copies here that may lack acknowledged writes and are being repaired, of partitions {Partitions}")]
    internal static partial void PartitionsIncomplete(this ILogger log, string partitions);

    [LoggerMessage(19, LogLevel.Information, "all partitions are complete")]
    internal static partial void AllComplete(this ILogger log);

    [LoggerMessage(20, LogLevel.Warning, "{Where}; partition {Partition} is read from other replicas until it has caught up (torc inspect FILE shows more)")]
    internal static partial void DamagedRead(this ILogger log, string where, int partition);

    [LoggerMessage(21, LogLevel.Debug, "connection of a peer at {Address} ended: {Reason}")]
    internal static partial void PeerConnectionEnded(this ILogger log, string address, string reason);

    [LoggerMessage(22, LogLevel.Warning, "no room on the disk to remember the cluster map or a vote, and nothing left of the reserve; trying again. Every change of the cluster waits for this node: free space")]
    internal static partial void MapNotSaved(this ILogger log);

    [LoggerMessage(32, LogLevel.Information, "the cluster map changed: {Detail}")]
    internal static partial void MapAdvanced(this ILogger log, string detail);

    [LoggerMessage(46, LogLevel.Critical, "VOTERS RECOVERED on an operator's word, {Detail}. If one of those lives, stop it now and wipe its data directory: two halves that decide lose writes when they meet")]
    internal static partial void VotersRecovered(this ILogger log, string detail);

    [LoggerMessage(45, LogLevel.Error, "{Detail}. Was its data directory put back to an earlier state? No copy here counts until it has caught up with the others")]
    internal static partial void LogWentBack(this ILogger log, string detail);

    [LoggerMessage(33, LogLevel.Critical, "node {Node} is no member any more and takes no commands, {Detail}")]
    internal static partial void Removed(this ILogger log, int node, string detail);

    [LoggerMessage(30, LogLevel.Warning, "peers are taken at {Address} without a cluster secret: whoever reaches that port can read and change everything. Give every node the same --cluster-secret")]
    internal static partial void NoClusterSecret(this ILogger log, string address);

    [LoggerMessage(31, LogLevel.Warning, "the cluster secret is shorter than {Advised} characters: who sees a link could guess it. Give every node a longer one")]
    internal static partial void ShortClusterSecret(this ILogger log, int advised);

    [LoggerMessage(40, LogLevel.Information, "node {Node} has the writes that a shard kept for it while it was down")]
    internal static partial void HintsDelivered(this ILogger log, int node);

    [LoggerMessage(41, LogLevel.Warning, "no more writes are kept for node {Node}, which is down: the budget (hint-bytes-max) is spent, {Waiting}")]
    internal static partial void HintBudgetSpent(this ILogger log, int node, string waiting);

    [LoggerMessage(60, LogLevel.Warning, "the cluster has this node in data centre {Dc}, rack {Rack}, and goes by that; the settings say {SetDc}, {SetRack}. To move it, torc leave, empty its data directory, and join again")]
    internal static partial void PlaceDiffers(this ILogger log, string dc, string rack, string setDc, string setRack);

    [LoggerMessage(42, LogLevel.Warning, "{What}")]
    internal static partial void PlacementWarning(this ILogger log, string what);

    [LoggerMessage(43, LogLevel.Warning, "other nodes still wait for commands that they gave this one: what is not answered now they answer TIMEOUT")]
    internal static partial void LetGoTimedOut(this ILogger log);
}
