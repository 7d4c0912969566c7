using Microsoft.Extensions.Logging;
using Proximal.Models;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;

namespace Proximal.Runs;

/// <summary>What a supervised run opens, and disposes when it ends: the last thing first.</summary>
internal sealed class SupervisedScope(RunOptions options, RunSession session, ILogger? logger) : IDisposable
{
    private readonly Stack<IDisposable> _owned = new();
    private Engine? _engine;

    /// <summary>Computes everything; made when it is first asked for.</summary>
    public Engine Engine => _engine ??= Own(session.StartEngine(options, logger));

    /// <summary>When the run started, also where it was resumed.</summary>
    public DateTimeOffset Started => session.Started;

    /// <summary>Loads the tokenizer.</summary>
    public Tokenizer LoadTokenizer() => options.LoadTokenizer();

    /// <summary>Opens the start model; it is not owned yet.</summary>
    public LanguageModel OpenStart(ModelHead head) => RunModels.Open(Engine, "model", options.Model, options.Resolve, head);

    /// <summary>Disposes something with the run.</summary>
    public T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
        {
            owned.Dispose();
        }
    }
}
