using Proximal.Configuration;
using Proximal.Data;
using Proximal.Internal;

namespace Proximal.Runs;

/// <summary>The rows that a supervised run measures itself on: a file of their own, or a share of the prompts.</summary>
public sealed record SupervisedValidationOptions
{
    /// <summary>Files with the same fields as the data, named as those are; <see langword="null"/>: <see cref="Fraction"/> is given.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Path { get; init; }

    /// <summary>Share of the data's different prompts that are kept aside, in (0, 1); <see langword="null"/>: <see cref="Path"/> is given.</summary>
    public double? Fraction { get; init; }

    /// <summary>Decides which prompts are kept aside; the run's own seed does not change it.</summary>
    public ulong SplitSeed { get; init; } = 1;

    /// <summary>Keeps a share of the prompts aside.</summary>
    /// <param name="path">The files, for messages.</param>
    /// <param name="prompts">The prompts of the rows.</param>
    /// <returns>For each row whether it is kept aside.</returns>
    /// <exception cref="DataFileException">There are too few prompts for that.</exception>
    internal bool[] Choose(string path, IEnumerable<string> prompts) => DataSplit.Choose(prompts, Fraction!.Value, SplitSeed)
        ?? throw new DataFileException(
            path,
            null,
            "the rows have fewer than 2 different prompts, of which validation.fraction can keep none aside: give more rows, or name a file of its own with validation.path");

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
