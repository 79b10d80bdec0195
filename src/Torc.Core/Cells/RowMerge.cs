namespace Torc.Core.Cells;

/// <summary>How the result of a merge relates to its inputs; the caller copies only when it must.</summary>
public enum MergeOutcome
{
    /// <summary>Right adds nothing: the result is left.</summary>
    KeptLeft,

    /// <summary>The result is right, and differs from left.</summary>
    TookRight,

    /// <summary>The result is neither, and was written.</summary>
    Combined,
}

/// <summary>
/// The join of two rows: the greater base, without what it covers, then cell by cell and for the expiry the greater
/// version. Commutative, associative and idempotent, so replicas that saw the same writes in any order, any number of
/// times, hold the same bytes. It is a join because coverage only grows with the order of bases, so that dropping
/// covered parts before or after taking the greater ones gives the same row.
/// </summary>
public static class RowMerge
{
    /// <summary>Merges; appends to <paramref name="into"/> only for <see cref="MergeOutcome.Combined"/>. <paramref name="max"/> is the result's greatest version in each case.</summary>
    public static MergeOutcome Merge(in RowView left, in RowView right, ByteWriter into, out Version max)
    {
        max = Version.Max(left.MaxVersion, right.MaxVersion);
        if (right.IsAbsent)
            return MergeOutcome.KeptLeft;
        // A base above everything of the other side covers all of it: a plain SET or DEL, nearly always.
        if (left.IsAbsent || right.BaseVersion > left.MaxVersion)
            return MergeOutcome.TookRight;
        if (left.BaseVersion > right.MaxVersion)
            return MergeOutcome.KeptLeft;

        RowHead head = MergeHeads(left.Head, right.Head, max);
        Survey survey = default;
        survey.Look(left, right, head);
        if (survey.IsLeft)
            return MergeOutcome.KeptLeft;
        if (survey.IsRight)
            return MergeOutcome.TookRight;
        Write(left, right, head, survey, into);
        return MergeOutcome.Combined;
    }

    /// <summary>
    /// Whether a write took effect in <paramref name="merged"/>: every part of the delta that has its greatest version
    /// is there at that version. A write that replaces the whole row (its base is its greatest version) also must not
    /// be outranked by anything: else an expiry of an earlier write with a faster clock would outlive it. False: the
    /// write was superseded by something it should come after, and is stamped again. A deadline that was changed or taken off does not
    /// bring back a row that was deleted below it.
    /// </summary>
    public static bool Reflects(in RowView merged, in RowView delta)
    {
        Version version = delta.MaxVersion;
        if (delta.IsAbsent)
            return true;
        if (delta.BaseVersion == version)
            return merged.MaxVersion == version && merged.BaseVersion == version && merged.Kind == delta.Kind;
        bool isDead = merged.Kind == RowKind.None && delta.Kind != RowKind.None;
        if (delta.ExpiryVersion == version && (isDead || merged.ExpiryVersion != version))
            return false;

        RowView.CellEnumerator found = merged.Cells;
        bool more = found.MoveNext();
        foreach (RowCell wanted in delta.Cells)
        {
            if (wanted.Version != version)
                continue;
            while (more && RowCell.ComparePlaces(found.Current, wanted) < 0)
                more = found.MoveNext();
            if (!more || RowCell.ComparePlaces(found.Current, wanted) != 0 || found.Current.Version != version)
                return false;
        }
        return true;
    }

    private static RowHead MergeHeads(in RowHead left, in RowHead right, Version max)
    {
        RowHead greater = RowHead.CompareBases(left, right) >= 0 ? left : right;
        RowHead expiry = RowHead.CompareExpiries(left, right) >= 0 ? left : right;
        bool isKept = !expiry.Expiry.IsNone && !greater.Covers(expiry.Expiry);
        return new RowHead(max, greater.Base, greater.Kind, isKept ? expiry.Expiry : Version.None, isKept ? expiry.DeadlineMs : 0);
    }

    private static void Write(in RowView left, in RowView right, in RowHead head, in Survey survey, ByteWriter into)
    {
        bool isShort = RowCodec.IsShort(head, survey.CellCount, survey.StringVersion == head.Max);
        RowCodec.WriteHead(into, head, isShort);
        if (!isShort)
            RowCodec.WriteVarint(into, (ulong)survey.CellCount);
        var pairs = new CellPairs(left, right);
        while (pairs.MoveNext())
        {
            if (head.Covers(pairs.Greater.Version))
                continue;
            if (isShort)
                into.Write(pairs.Greater.Value);
            else
                RowCodec.WriteCell(into, head, pairs.Greater);
        }
    }

    /// <summary>The first pass: what the result will hold, and whether it is one of the inputs. Nothing is written yet.</summary>
    private ref struct Survey
    {
        public bool IsLeft, IsRight;
        public int CellCount;
        public Version StringVersion;

        public void Look(in RowView left, in RowView right, in RowHead head)
        {
            IsLeft = left.Head == head;
            IsRight = right.Head == head;
            var pairs = new CellPairs(left, right);
            while (pairs.MoveNext())
            {
                bool isKept = !head.Covers(pairs.Greater.Version);
                IsLeft &= isKept ? pairs.IsLeft : !pairs.InLeft;
                IsRight &= isKept ? pairs.IsRight : !pairs.InRight;
                if (!isKept)
                    continue;
                CellCount++;
                if (pairs.Greater.Kind == RowKind.String)
                    StringVersion = pairs.Greater.Version;
            }
        }
    }

    /// <summary>Walks the union of two rows' cells in canonical order; at each place gives the greater content.</summary>
    private ref struct CellPairs
    {
        private RowView.CellEnumerator _left, _right;
        private bool _moreLeft, _moreRight;

        public CellPairs(in RowView left, in RowView right)
        {
            _left = left.Cells;
            _right = right.Cells;
            _moreLeft = _left.MoveNext();
            _moreRight = _right.MoveNext();
        }

        public RowCell Greater { get; private set; }

        /// <summary>Whether a side has a cell at this place at all.</summary>
        public bool InLeft { get; private set; }

        public bool InRight { get; private set; }

        /// <summary>Whether the greater content is that side's own.</summary>
        public bool IsLeft { get; private set; }

        public bool IsRight { get; private set; }

        public bool MoveNext()
        {
            if (!_moreLeft && !_moreRight)
                return false;
            int place = !_moreLeft ? 1 : !_moreRight ? -1 : RowCell.ComparePlaces(_left.Current, _right.Current);
            InLeft = place <= 0;
            InRight = place >= 0;
            int content = place != 0 ? -place : RowCell.CompareContents(_left.Current, _right.Current);
            IsLeft = InLeft && content >= 0;
            IsRight = InRight && content <= 0;
            Greater = IsLeft ? _left.Current : _right.Current;
            if (InLeft)
                _moreLeft = _left.MoveNext();
            if (InRight)
                _moreRight = _right.MoveNext();
            return true;
        }
    }
}
