using Proximal.Internal;

namespace Proximal.Training.Supervised;

/// <summary>What training on a fixed set of items has in common: supervised fine-tuning on examples, a reward model on pairs.</summary>
/// <remarks>A step is one optimizer step. Each epoch takes every item once, in another order.</remarks>
public abstract record SupervisedOptions
{
    /// <summary>Passes over the items; at least 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>The most steps of the run; 0: as many as the epochs have.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Items of a step (examples or pairs); at least 1. The last step of an epoch takes what is left.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>
    /// The most tokens of one forward and backward pass: the items of a step are packed end to end up to it, and the passes
    /// accumulate; a longer item goes alone.
    /// </summary>
    public int MicroBatchTokens { get; init; } = 8192;

    /// <summary>Learning rate, schedule and AdamW.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Steps from one validation to the next; 0: at the end of each epoch. The start and the last step are always measured.</summary>
    public int ValidateEvery { get; init; }

    /// <summary>Ends with the weights of the smallest validation loss instead of the last ones; without validation data the last ones.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>Ends after so many validations in a row without a smaller loss; 0: never.</summary>
    public int Patience { get; init; }

    /// <summary>Throws unless every option is in its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the text names it.</exception>
    public virtual void Validate()
    {
        Require.AtLeast(Epochs, 1);
        Require.AtLeast(MaxSteps, 0);
        Require.AtLeast(BatchSize, 1);
        Require.AtLeast(MicroBatchTokens, 1);
        Require.NotNull(Optimizer);
        Optimizer.Validate(nameof(Optimizer));
        Require.AtLeast(ValidateEvery, 0);
        Require.AtLeast(Patience, 0);
    }

    /// <summary>Steps of an epoch over so many items.</summary>
    internal int StepsPerEpoch(int items) => (int)(((long)items + BatchSize - 1) / BatchSize);

    /// <summary>Steps of the run over so many items.</summary>
    internal int Steps(int items)
    {
        long steps = (long)Epochs * StepsPerEpoch(items);
        return checked((int)(MaxSteps > 0 ? Math.Min(MaxSteps, steps) : steps));
    }
}
