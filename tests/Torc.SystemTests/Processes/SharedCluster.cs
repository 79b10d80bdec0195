namespace Torc.SystemTests.Processes;

/// <summary>
/// One cluster of three for all tests that leave every node up. It starts with the first test that asks for it, so
/// that skipped tests start nothing.
/// </summary>
public sealed class SharedCluster : IDisposable
{
    private readonly Lazy<TorcCluster> _cluster = new(static () => TorcCluster.Start(3));

    internal TorcCluster Cluster => _cluster.Value;

    public void Dispose()
    {
        if (_cluster.IsValueCreated)
            _cluster.Value.Dispose();
    }
}

[CollectionDefinition(Name)]
public sealed class SharedClusterTests : ICollectionFixture<SharedCluster>
{
    public const string Name = "shared cluster";
}
