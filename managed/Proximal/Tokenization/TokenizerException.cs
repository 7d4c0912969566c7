namespace Proximal.Tokenization;

/// <summary>A tokenizer's file cannot be used: it is missing, malformed, contradicts itself or asks for what this version does not do.</summary>
public sealed class TokenizerException : ProximalException
{
    /// <summary>Makes an exception that names file, place, problem and way out.</summary>
    /// <param name="status">
    /// <see cref="ProximalStatus.Io"/>, <see cref="ProximalStatus.CorruptData"/> or <see cref="ProximalStatus.Unsupported"/>.
    /// </param>
    /// <param name="file">The file.</param>
    /// <param name="place">Where in the file, as a JSON path or a line; empty for the file as a whole.</param>
    /// <param name="problem">What is wrong.</param>
    /// <param name="fix">What to do about it.</param>
    public TokenizerException(ProximalStatus status, string file, string place, string problem, string fix)
        : base(status, "Tokenizer.Load", place.Length == 0 ? $"{file}: {problem}. {fix}" : $"{file}: {place}: {problem}. {fix}")
    {
        File = file;
        Place = place;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Where in the file; empty for the file as a whole.</summary>
    public string Place { get; }
}
