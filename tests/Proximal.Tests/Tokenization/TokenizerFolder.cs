using System.Text;
using Proximal.Tokenization;

namespace Proximal.Tests.Tokenization;

/// <summary>A folder of tokenizer files that goes away with the test.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("proximal-tokenizer-").FullName;

    /// <summary>A file of the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file.</summary>
    public TokenizerFolder With(string name, string content) => With(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Writes a file.</summary>
    public TokenizerFolder With(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return this;
    }

    /// <summary>Loads the folder.</summary>
    public Tokenizer Load() => Tokenizer.Load(Path);

    /// <summary>Loads a tokenizer.json.</summary>
    public static Tokenizer Load(string json)
    {
        using TokenizerFolder folder = new();
        return folder.With("tokenizer.json", json).Load();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
