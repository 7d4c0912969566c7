using Proximal.Internal;

namespace Proximal.Kernels;

/// <summary>The heads of an attention, and what a row sees.</summary>
public sealed record AttentionOptions
{
    /// <summary>Hq, heads of queries, at least 1.</summary>
    public required int Queries { get; init; }

    /// <summary>Hkv, heads of keys and as many of values, at least 1; a divisor of <see cref="Queries"/>.</summary>
    public required int KeyValues { get; init; }

    /// <summary>D, entries of a head, at least 1.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Tokens that a row sees, itself among them; 0: all up to its own.</summary>
    public int Window { get; init; }

    /// <summary>Multiplies scores, above 0; null: 1 / sqrt(D).</summary>
    public double? Scale { get; init; }

    /// <summary>Rows are rounded to bf16 before they are multiplied; sums are float either way.</summary>
    public bool Bf16 { get; init; }

    /// <summary>Entries of a row of queries, keys and values.</summary>
    internal long Columns => (Queries + (2L * KeyValues)) * HeadSize;

    /// <summary>Entries of a row of the output.</summary>
    internal long OutputColumns => (long)Queries * HeadSize;

    internal void Validate()
    {
        Require.AtLeast(Queries, 1);
        Require.AtLeast(KeyValues, 1);
        Require.AtLeast(HeadSize, 1);
        Require.AtLeast(Window, 0);
        if (Queries % KeyValues != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(KeyValues), KeyValues, $"Expected a divisor of {Queries} heads of queries.");
        }

        if (Scale is { } scale)
        {
            Require.Positive(scale, nameof(Scale));
        }
    }
}
