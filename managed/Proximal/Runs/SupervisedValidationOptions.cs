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

    /// <summary>Keeps a share of a file's prompts aside.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="prompt">The prompt of a row.</param>
    /// <exception cref="DataFileException">The file has too few prompts for that.</exception>
    internal (IReadOnlyList<T> Training, IReadOnlyList<T> Validation) Split<T>(string path, IReadOnlyList<T> rows, Func<T, string> prompt)
    {
        try
        {
            return DataSplit.ByPrompt(rows, prompt, Fraction!.Value, SplitSeed);
        }
        catch (ArgumentException failure) when (failure.ParamName == nameof(rows))
        {
            int prompts = rows.Select(prompt).Distinct(StringComparer.Ordinal).Count();
            throw new DataFileException(
                path,
                null,
                $"the rows have {prompts} different prompts, of which validation.fraction can keep none aside: give more rows, or name a file of its own with validation.path",
                failure);
        }
    }

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
