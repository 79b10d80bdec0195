namespace Torc.Storage.Directory;

/// <summary>Walks the addresses whose tag matches a hash. Valid until the directory changes.</summary>
public ref struct CandidateEnumerator
{
    private readonly List<long>? _addresses;
    private int _index;

    internal CandidateEnumerator(List<long>? addresses)
    {
        _addresses = addresses;
        _index = -1;
    }

    public readonly long Current => _addresses![_index];

    public readonly CandidateEnumerator GetEnumerator() => this;

    public bool MoveNext() => _addresses != null && ++_index < _addresses.Count;
}
