using System.IO.Pipelines;

namespace Torc.Tests.Server.Hosting.Peers;

/// <summary>Both ends of a connection in memory.</summary>
internal sealed class PipePair
{
    public PipePair()
    {
        var options = new PipeOptions(useSynchronizationContext: false);
        var forth = new Pipe(options);
        var back = new Pipe(options);
        Left = new End(back.Reader, forth.Writer);
        Right = new End(forth.Reader, back.Writer);
    }

    public IDuplexPipe Left { get; }

    public IDuplexPipe Right { get; }

    private sealed record End(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
