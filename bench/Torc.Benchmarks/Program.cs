using BenchmarkDotNet.Running;
using Torc.Benchmarks;
using Torc.Benchmarks.Baselines;
using Torc.Benchmarks.Floor;

// check, record: the baseline; answer: a server for bench/compare. Anything else goes to BenchmarkDotNet, for example --filter '*RowMerge*'.
switch (args)
{
    case ["check", .. var filters]:
        return BaselineCommands.Check(filters);
    case ["record", .. var filters]:
        return BaselineCommands.Record(filters);
    case ["answer", var port]:
        return await AnsweringServer.Run(port);
    case ["help" or "--help" or "-h"]:
        Console.WriteLine(BaselineCommands.Help);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly).Run(args, BenchmarkSettings.Long());
        return 0;
}
