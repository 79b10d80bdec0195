using Torc.Base;

namespace Torc.Tests.Base;

public class FreeListTests
{
    private const int Items = 5_000;

    [Fact]
    public void What_was_returned_last_is_rented_first_and_nothing_is_rented_twice()
    {
        OnThread(() =>
        {
            var first = new Kept();
            var second = new Kept();
            FreeList<Kept>.Return(first);
            FreeList<Kept>.Return(second);
            FreeList<Kept>.Rent().ShouldBeSameAs(second);
            FreeList<Kept>.Rent().ShouldBeSameAs(first);
            var rented = new HashSet<Kept>(ReferenceEqualityComparer.Instance);
            for (int i = 0; i < Items; i++)
                rented.Add(FreeList<Kept>.Rent()).ShouldBeTrue();
            foreach (Kept kept in rented)
                FreeList<Kept>.Return(kept);
            var again = new HashSet<Kept>(ReferenceEqualityComparer.Instance);
            for (int i = 0; i < Items; i++)
                again.Add(FreeList<Kept>.Rent()).ShouldBeTrue();
            again.Count(rented.Contains).ShouldBe(Items);
        });
    }

    [Fact]
    public void What_one_thread_returns_another_rents()
    {
        var passed = new HashSet<Passed>(ReferenceEqualityComparer.Instance);
        OnThread(() =>
        {
            for (int i = 0; i < Items; i++)
            {
                var item = new Passed();
                passed.Add(item);
                FreeList<Passed>.Return(item);
            }
        });
        int known = 0;
        OnThread(() =>
        {
            for (int i = 0; i < Items; i++)
                known += passed.Contains(FreeList<Passed>.Rent()) ? 1 : 0;
        });
        known.ShouldBeGreaterThan(Items / 2);
    }

    private static void OnThread(Action action)
    {
        Exception? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception thrown)
            {
                error = thrown;
            }
        });
        thread.Start();
        thread.Join();
        if (error is not null)
            throw new InvalidOperationException("The thread failed.", error);
    }

    private sealed class Kept;

    private sealed class Passed;
}
