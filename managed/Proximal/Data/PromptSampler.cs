using Proximal.Internal;

namespace Proximal.Data;

/// <summary>Hands prompts out in random order: all of them once, then all again in another order.</summary>
/// <remarks>The order depends on the seed alone. <see cref="Cursor"/> is the whole state. One caller at a time.</remarks>
public sealed class PromptSampler
{
    private const ulong Stream = 1;

    private readonly ulong _seed;
    private int[] _order = [];
    private long _pass = -1;

    /// <summary>Makes a sampler at the start of its first pass.</summary>
    /// <param name="prompts">The prompts, at least one.</param>
    /// <param name="seed">Decides the order.</param>
    public PromptSampler(IReadOnlyList<Prompt> prompts, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0)
        {
            throw new ArgumentException("Expected at least one prompt.", nameof(prompts));
        }

        Prompts = prompts;
        _seed = seed;
    }

    /// <summary>The prompts in their own order.</summary>
    public IReadOnlyList<Prompt> Prompts { get; }

    /// <summary>Prompts handed out so far, over all passes; setting it goes on from there.</summary>
    public long Cursor
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>The next prompts; a pass that ends is followed by the next one.</summary>
    /// <param name="count">How many, at least 1.</param>
    public IReadOnlyList<Prompt> Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var drawn = new Prompt[count];
        for (int i = 0; i < count; i++)
        {
            drawn[i] = At(Cursor++);
        }

        return drawn;
    }

    private Prompt At(long cursor)
    {
        (long pass, long place) = Math.DivRem(cursor, Prompts.Count);
        if (pass != _pass)
        {
            _order = new RandomStream(_seed, (Stream << 48) + (ulong)pass).Permutation(Prompts.Count);
            _pass = pass;
        }

        return Prompts[_order[place]];
    }
}
