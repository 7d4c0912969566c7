using System.Text.Json.Serialization;
using Proximal.Configuration;

namespace Proximal.Tests.Configuration;

/// <summary>A record with everything that a configuration may hold.</summary>
internal sealed record Recipe
{
    [ConfigurationPath]
    public required string Model { get; init; }

    public string? Note { get; init; } = "none yet";

    public int MaxNewTokens { get; init; } = 64;

    public ulong Seed { get; init; }

    public bool Whiten { get; init; } = true;

    public double DualClip { get; init; } = 3;

    public float Share { get; init; } = 0.1f;

    public double? Target { get; init; } = 6;

    public Flavour Flavour { get; init; } = Flavour.DeepSweet;

    public Oven Oven { get; init; } = new();

    public Watch? Watch { get; init; } = new("every", 2);

    public IReadOnlyList<int> StopTokenIds { get; init; } = [1, 2];

    public IReadOnlyList<Spice> Spices { get; init; } = [];

    public IReadOnlyDictionary<string, double> Weights { get; init; } = new Dictionary<string, double>();

    [ConfigurationPath]
    public string[] Files { get; init; } = [];

    [JsonIgnore]
    public Func<int>? Callback { get; init; }

    public int Derived => MaxNewTokens * 2;

    public void Validate()
    {
        if (MaxNewTokens < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxNewTokens), MaxNewTokens, "Expected a whole number of at least 1.");
        }

        if (!(DualClip > 1))
        {
            throw new ArgumentOutOfRangeException(nameof(DualClip), DualClip, "Expected a number above 1; infinity switches it off.");
        }
    }
}

internal enum Flavour
{
    Salty,
    DeepSweet,
}

internal sealed record Oven
{
    public double Temperature { get; init; } = 1;

    internal void Validate()
    {
        if (!(Temperature >= 0) || double.IsInfinity(Temperature))
        {
            throw new ArgumentOutOfRangeException("Oven.Temperature", Temperature, "Expected a finite number of at least 0.");
        }
    }
}

internal sealed record Watch(string Name, int Every, double Share = 0.5);

[JsonDerivedType(typeof(Pepper), "pepper")]
[JsonDerivedType(typeof(Herb), "herb")]
internal abstract record Spice
{
    public double Weight { get; init; } = 1;
}

internal sealed record Pepper : Spice
{
    public int Grind { get; init; } = 3;
}

internal sealed record Herb : Spice
{
    public required string Plant { get; init; }
}

/// <summary>A kind that no file can name.</summary>
internal sealed record Surprise(Func<int> Taste) : Spice;
