using Proximal.Configuration;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The rows that a supervised run measures itself on: a file of their own, or a share of the prompts.</summary>
public sealed record SupervisedValidationOptions
{
    /// <summary>A file of the same kind and fields as the data; <see langword="null"/>: <see cref="Fraction"/> is given.</summary>
    [ConfigurationPath]
    public string? Path { get; init; }

    /// <summary>Share of the data's different prompts that are kept aside, in (0, 1); <see langword="null"/>: <see cref="Path"/> is given.</summary>
    public double? Fraction { get; init; }

    /// <summary>Decides which prompts are kept aside; the run's own seed does not change it.</summary>
    public ulong SplitSeed { get; init; } = 1;

    /// <summary>Throws unless it names one source.</summary>
    internal void Validate()
    {
        if ((Path is null) == (Fraction is null))
        {
            throw new ArgumentException(
                "Expected either path (a file of its own) or fraction (a share of the prompts): give one of them.",
                Path is null ? string.Empty : nameof(Fraction));
        }

        if (Fraction is { } fraction)
        {
            Require.OpenUnitInterval(fraction, nameof(Fraction));
        }
    }
}
