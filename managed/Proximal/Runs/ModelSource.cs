using System.Diagnostics.CodeAnalysis;
using Proximal.Configuration;

namespace Proximal.Runs;

/// <summary>Where a run's model comes from: a folder or file, or a random start. In YAML <c>model: PATH</c> will do.</summary>
[ConfigurationShorthand(nameof(Path))]
public sealed record ModelSource
{
    /// <summary>A Hugging Face folder or a llama2.c .bin file; <see langword="null"/>: <see cref="Init"/> is given.</summary>
    [ConfigurationPath]
    public string? Path { get; init; }

    /// <summary>A config.json: the model starts from random weights of its shape; <see langword="null"/>: <see cref="Path"/> is given.</summary>
    [ConfigurationPath]
    public string? Init { get; init; }

    /// <summary>Decides the random weights.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The folder, file or config.json.</summary>
    internal string Location => Path ?? Init!;

    /// <summary>The model at a path.</summary>
    /// <param name="path">A Hugging Face folder or a llama2.c .bin file; <see langword="null"/>: no model.</param>
    [return: NotNullIfNotNull(nameof(path))]
    public static implicit operator ModelSource?(string? path) => FromString(path);

    /// <summary>The model at a path.</summary>
    /// <param name="path">A Hugging Face folder or a llama2.c .bin file; <see langword="null"/>: no model.</param>
    [return: NotNullIfNotNull(nameof(path))]
    public static ModelSource? FromString(string? path) => path is null ? null : new() { Path = path };

    /// <summary>Throws unless it names one place.</summary>
    /// <exception cref="ArgumentException">It names none or both.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Path) == string.IsNullOrWhiteSpace(Init))
        {
            throw new ArgumentException(
                "Expected either a path (a trained model) or init (a config.json for a random start): give one of them.",
                string.IsNullOrWhiteSpace(Path) ? string.Empty : nameof(Init));
        }
    }
}
