using Proximal.Internal;

namespace Proximal.WarmStories;

/// <summary>Options of <see cref="Demo"/>.</summary>
public sealed record DemoOptions
{
    /// <summary>The folder for everything that the demo leaves; it is created, with its parents.</summary>
    public required string Output { get; init; }

    /// <summary>Decides everything that is drawn at random. Same seed and threads: the same models, bit for bit.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>The settings of all parts; tests make them smaller.</summary>
    internal DemoRecipe Recipe { get; init; } = new();

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public void Validate()
    {
        Require.NotBlank(Output);
        Require.Between(Threads, 0, EngineOptions.MaxThreads);
    }
}
