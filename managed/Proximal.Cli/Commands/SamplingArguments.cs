using System.CommandLine;
using Proximal.Rollouts;

namespace Proximal.Cli.Commands;

/// <summary>The options of <c>generate</c> that say what to draw.</summary>
internal sealed class SamplingArguments
{
    /// <summary>Samples of a row; sample ids leave room for so many.</summary>
    public const int MaxSamples = 1 << 16;

    public Option<int> MaxNewTokens { get; } = NumberOption.Whole("--max-new-tokens", "The most tokens of a response.", 128, 1, int.MaxValue);

    public Option<double> Temperature { get; } = NumberOption.Real(
        "--temperature",
        "Logits are divided by it; 0: always the most probable token.",
        1,
        "a number of at least 0",
        value => value >= 0 && double.IsFinite(value));

    public Option<int> TopK { get; } = NumberOption.Whole("--top-k", "Draw from the k most probable tokens; 0: off.", 0, 0, int.MaxValue);

    public Option<double> TopP { get; } = NumberOption.Real(
        "--top-p", "Draw from the smallest set with this probability; 1: off.", 1, "a number above 0 and at most 1", value => value is > 0 and <= 1);

    public Option<double> MinP { get; } = NumberOption.Real(
        "--min-p",
        "Draw from tokens with at least this share of the largest probability; 0: off.",
        0,
        "a number from 0 to 1",
        value => value is >= 0 and <= 1);

    public Option<ulong> Seed { get; } = NumberOption.Seed("--seed", "Picks the random numbers.");

    public Option<int> Samples { get; } = NumberOption.Whole("--n", "Responses to each row.", 1, 1, MaxSamples);

    public Option<int> MaxBatch { get; } = NumberOption.Whole(
        "--max-batch", "Responses decoded together; what is drawn does not depend on it.", 64, 1, 4096);

    public Option<int> CacheMegabytes { get; } = NumberOption.Whole(
        "--cache-mb",
        "Megabytes that keys and values may take; responses pause where they end, and what is drawn does not depend on it. 0: what they need.",
        0,
        0,
        int.MaxValue);

    public void AddTo(Command command)
    {
        AddOneTo(command);
        command.Add(Samples);
        command.Add(MaxBatch);
        command.Add(CacheMegabytes);
    }

    /// <summary>Adds those that speak of one response at a time.</summary>
    public void AddOneTo(Command command)
    {
        foreach (Option option in new Option[] { MaxNewTokens, Temperature, TopK, TopP, MinP, Seed })
        {
            command.Add(option);
        }
    }

    public GeneratorOptions ReadGenerator(ParseResult parsed) => new()
    {
        Seed = parsed.GetValue(Seed),
        MaxBatch = parsed.GetValue(MaxBatch),
        CacheBytes = parsed.GetValue(CacheMegabytes) * 1_000_000L,
    };

    public SampleSettings Read(ParseResult parsed) => new(
        parsed.GetValue(Samples),
        parsed.GetValue(MaxNewTokens),
        new SamplingOptions
        {
            Temperature = parsed.GetValue(Temperature),
            TopK = parsed.GetValue(TopK),
            TopP = parsed.GetValue(TopP),
            MinP = parsed.GetValue(MinP),
        });
}
