using System.Text.Json;
using Proximal.Data;
using Proximal.Kernels;

namespace Proximal.Rewards;

/// <summary>Makes a reward model's scores comparable: (score - mean) / standard deviation, stored beside the model.</summary>
/// <param name="Mean">The mean of the scores it was measured on; finite.</param>
/// <param name="StandardDeviation">Their unbiased standard deviation; finite, above 0.</param>
/// <param name="Count">How many there were; at least 2.</param>
/// <param name="Source">What they were, in words.</param>
/// <remarks>
/// The file <c>reward_normalization.json</c> in the model's folder is an object with the keys <c>mean</c>,
/// <c>standard_deviation</c>, <c>count</c> and <c>source</c>.
/// </remarks>
public sealed record RewardNormalization(double Mean, double StandardDeviation, long Count, string Source)
{
    /// <summary>The file beside a reward model's config.json.</summary>
    public const string FileName = "reward_normalization.json";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>The normalisation of scores.</summary>
    /// <param name="scores">At least two, not all the same.</param>
    /// <param name="source">What they are, in words.</param>
    /// <exception cref="ArgumentException">They are too few or all the same.</exception>
    public static RewardNormalization Of(IReadOnlyCollection<float> scores, string source)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(source);
        double mean = scores.Sum(score => (double)score) / scores.Count;
        double squares = scores.Sum(score => (score - mean) * (score - mean));
        var moments = new Moments(scores.Count, mean, squares);
        return moments.StandardDeviation > 0 && double.IsFinite(moments.StandardDeviation)
            ? new RewardNormalization(mean, moments.StandardDeviation, scores.Count, source)
            : throw new ArgumentException(
                $"{scores.Count} scores with the standard deviation {moments.StandardDeviation} cannot be normalised: "
                + "give at least two different answers.",
                nameof(scores));
    }

    /// <summary>The normalised score.</summary>
    /// <param name="score">A score of the model.</param>
    public double Apply(double score) => (score - Mean) / StandardDeviation;

    /// <summary>Reads the file of a model's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The normalisation, or <see langword="null"/> when the folder has no such file.</returns>
    /// <exception cref="DataFileException">The file cannot be used; the text names the key.</exception>
    public static RewardNormalization? Read(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        string text = string.Join('\n', DataFileException.ReadLines(path, "The reward model's normalisation"));
        JsonRow row = JsonRow.Of(path, 1, JsonRow.Parse(path, 1, text), """{"mean": 0, "standard_deviation": 1, "count": 2, "source": "..."}""");
        double mean = row.Required("mean");
        double deviation = row.Required("standard_deviation");
        double count = row.Required("count");
        return deviation > 0 && count >= 2
            ? new RewardNormalization(mean, deviation, (long)count, row.Text("source", "what was scored"))
            : throw new DataFileException(
                path,
                null,
                $"'standard_deviation' is {deviation} and 'count' is {count}: expected above 0 and at least 2; train the reward model again");
    }

    /// <summary>Writes the file into a model's folder.</summary>
    /// <param name="folder">The folder.</param>
    public void Write(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, Indented))
        {
            writer.WriteStartObject();
            writer.WriteNumber("mean", Mean);
            writer.WriteNumber("standard_deviation", StandardDeviation);
            writer.WriteNumber("count", Count);
            writer.WriteString("source", Source);
            writer.WriteEndObject();
        }

        text.Write("\n"u8);
        File.WriteAllBytes(Path.Combine(folder, FileName), text.ToArray());
    }
}
