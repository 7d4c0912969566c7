using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

/// <summary>A folder with a tiny model and its tokenizer, written once for all tests of a fixture.</summary>
internal sealed class TinyFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyFolder(TinyModel? model = null) => Model = TinyTokenizer.Write((model ?? new TinyModel()).Write(_folder["model"]));

    /// <summary>The model's folder.</summary>
    public string Model { get; }

    /// <summary>The path of something beside the model.</summary>
    public string this[params string[] parts] => _folder[parts];

    /// <summary>Writes a file beside the model.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }

    public void Dispose() => _folder.Dispose();
}
