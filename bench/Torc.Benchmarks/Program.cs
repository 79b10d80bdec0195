using BenchmarkDotNet.Running;
using Torc.Benchmarks;
using Torc.Benchmarks.Baselines;

// check, record: the baseline. Anything else goes to BenchmarkDotNet, for example --filter '*RowMerge*'.
switch (args)
{
    case ["check", .. var filters]:
        return BaselineCommands.Check(filters);
    case ["record", .. var filters]:
        return BaselineCommands.Record(filters);
    case ["help" or "--help" or "-h"]:
        Console.WriteLine(BaselineCommands.Help);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly).Run(args, BenchmarkSettings.Long());
        return 0;
}
