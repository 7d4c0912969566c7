namespace Proximal.Rewards;

/// <summary>What the rewards of a run are made with, and the owner of those that must be given up at its end.</summary>
public sealed class RewardContext : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly List<string> _paths = [];
    private readonly Engine? _engine;

    /// <summary>Makes a context.</summary>
    /// <param name="resolve">Turns a path of the options into one that can be opened; <see langword="null"/>: as it is.</param>
    /// <param name="engine">Computes the models among the rewards and stays the caller's; <see langword="null"/>: there is none.</param>
    public RewardContext(Func<string, string>? resolve = null, Engine? engine = null)
    {
        Resolve = path => Note(resolve?.Invoke(path) ?? path);
        _engine = engine;
    }

    /// <summary>Turns a path of the options into one that can be opened.</summary>
    public Func<string, string> Resolve { get; }

    /// <summary>Every path that was resolved, in that order: what the rewards read.</summary>
    internal IReadOnlyList<string> Paths => _paths;

    /// <summary>Computes the models among the rewards.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Engine Engine => _engine
        ?? throw new InvalidOperationException("A reward is a model and needs an engine: give the RewardContext one.");

    /// <summary>Takes something over that is given up with the context.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="owned">The object.</param>
    /// <returns>The object.</returns>
    public T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <summary>Gives up what it owns, the last first.</summary>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }

    private string Note(string path)
    {
        _paths.Add(path);
        return path;
    }
}
