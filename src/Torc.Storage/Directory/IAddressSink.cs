namespace Torc.Storage.Directory;

/// <summary>Takes the addresses that a scan of a <see cref="KeyDirectory"/> meets. It must not change that directory.</summary>
public interface IAddressSink
{
    void Visit(long address);
}
