namespace Proximal.Data.Checking;

/// <summary>How long texts are.</summary>
/// <remarks>A quantile is the smallest length that so large a share of the texts does not exceed.</remarks>
public sealed record LengthSummary
{
    /// <summary>How many texts; at least one.</summary>
    public required long Count { get; init; }

    /// <summary>The shortest.</summary>
    public required int Minimum { get; init; }

    /// <summary>The quantile 0.05.</summary>
    public required int Quantile5 { get; init; }

    /// <summary>The quantile 0.25.</summary>
    public required int Quantile25 { get; init; }

    /// <summary>The quantile 0.5.</summary>
    public required int Median { get; init; }

    /// <summary>The mean.</summary>
    public required double Mean { get; init; }

    /// <summary>The quantile 0.75.</summary>
    public required int Quantile75 { get; init; }

    /// <summary>The quantile 0.95.</summary>
    public required int Quantile95 { get; init; }

    /// <summary>The longest.</summary>
    public required int Maximum { get; init; }

    /// <summary>How many have which length, in ranges that double: 0, 1, 2 to 3, 4 to 7 and so on, from the first to the last that is not empty.</summary>
    public required IReadOnlyList<LengthBin> Histogram { get; init; }
}
