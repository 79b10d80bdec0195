namespace Torc.Core.Placement;

/// <summary>
/// How far a set of replicas is from being spread over data centres and racks as it could be: 0 is best. A data centre should hold no more
/// of one partition than the least number that suffices, and a rack no more than that within its data centre.
/// </summary>
internal sealed class Apartness
{
    private const int CentreWeight = 100;

    private readonly int[] _centreOf, _rackOf, _centreOfRack, _nodesPerCentre, _nodesPerRack, _perCentre, _perRack;
    private readonly int _centreCap;

    /// <param name="nodes">All that may be in a set.</param>
    /// <param name="eligible">Those that a set should have.</param>
    /// <param name="copies">Size of a set.</param>
    public Apartness(NodeInfo[] nodes, bool[] eligible, int copies)
    {
        string[] centres = [.. nodes.Select(node => node.DataCentre).Distinct()];
        (string, string)[] racks = [.. nodes.Select(node => (node.DataCentre, node.Rack)).Distinct()];
        _centreOf = [.. nodes.Select(node => Array.IndexOf(centres, node.DataCentre))];
        _rackOf = [.. nodes.Select(node => Array.IndexOf(racks, (node.DataCentre, node.Rack)))];
        _centreOfRack = [.. racks.Select(rack => Array.IndexOf(centres, rack.Item1))];
        _nodesPerCentre = new int[centres.Length];
        _nodesPerRack = new int[racks.Length];
        _perCentre = new int[centres.Length];
        _perRack = new int[racks.Length];
        for (int node = 0; node < nodes.Length; node++)
        {
            _nodesPerCentre[_centreOf[node]] += eligible[node] ? 1 : 0;
            _nodesPerRack[_rackOf[node]] += eligible[node] ? 1 : 0;
        }
        _centreCap = Cap(_nodesPerCentre, copies);
    }

    /// <summary>Of a set with one member taken away and one added; -1 for none.</summary>
    public int Penalty(List<int> members, int without = -1, int with = -1)
    {
        Array.Clear(_perCentre);
        Array.Clear(_perRack);
        foreach (int node in members)
            Count(node, node == without ? 0 : 1);
        if (with >= 0)
            Count(with, 1);
        int penalty = 0;
        for (int centre = 0; centre < _perCentre.Length; centre++)
            penalty += CentreWeight * Math.Max(0, _perCentre[centre] - _centreCap);
        for (int rack = 0; rack < _perRack.Length; rack++)
        {
            if (_perRack[rack] > 1)
                penalty += Math.Max(0, _perRack[rack] - RackCap(_centreOfRack[rack]));
        }
        return penalty;
    }

    private void Count(int node, int by)
    {
        _perCentre[_centreOf[node]] += by;
        _perRack[_rackOf[node]] += by;
    }

    private int RackCap(int centre)
    {
        int wanted = Math.Min(_perCentre[centre], _nodesPerCentre[centre]), cap = 0, room = 0;
        while (room < wanted)
        {
            cap++;
            room = 0;
            for (int rack = 0; rack < _nodesPerRack.Length; rack++)
                room += _centreOfRack[rack] == centre ? Math.Min(cap, _nodesPerRack[rack]) : 0;
        }
        return cap;
    }

    /// <summary>The least number for each that makes room for all copies.</summary>
    private static int Cap(int[] nodes, int copies)
    {
        int cap = 1;
        while (nodes.Sum(count => Math.Min(cap, count)) < Math.Min(copies, nodes.Sum()))
            cap++;
        return cap;
    }
}
