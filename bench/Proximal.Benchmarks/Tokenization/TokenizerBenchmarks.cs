using BenchmarkDotNet.Attributes;
using Proximal.Tokenization;

namespace Proximal.Benchmarks.Tokenization;

/// <summary>Byte-level BPE on English text, one core: a megabyte as one text, and its lines one by one.</summary>
/// <remarks>Reads the tokenizers and Tiny Shakespeare of the folder PROXIMAL_DATA, or of ../shared/data.</remarks>
public class TokenizerBenchmarks
{
    private Tokenizer _tokenizer = null!;
    private string _text = string.Empty;
    private string[] _lines = [];

    /// <summary>The folder of the tokenizer.json.</summary>
    [Params("gpt2-tokenizer", "smollm2-135m-instruct")]
    public string Folder { get; set; } = string.Empty;

    /// <summary>Loads tokenizer and text.</summary>
    [GlobalSetup]
    public void Setup()
    {
        string data = FindData();
        _tokenizer = Tokenizer.Load(Path.Combine(data, Folder, "tokenizer.json"));
        _text = File.ReadAllText(Path.Combine(data, "tinyshakespeare", "tiny_shakespeare.txt"));
        _lines = _text.Split('\n');
    }

    /// <summary>Loads the tokenizer.json.</summary>
    [Benchmark]
    public int Load() => Tokenizer.Load(Path.Combine(FindData(), Folder, "tokenizer.json")).VocabularySize;

    /// <summary>The text as a whole.</summary>
    [Benchmark]
    public int EncodeText() => _tokenizer.Encode(_text).Length;

    /// <summary>Its lines.</summary>
    [Benchmark]
    public int EncodeLines() => _lines.Sum(line => _tokenizer.Encode(line).Length);

    /// <summary>From the working folder upwards, because a benchmark runs in a folder of its own.</summary>
    private static string FindData()
    {
        if (Environment.GetEnvironmentVariable("PROXIMAL_DATA") is { Length: > 0 } data)
        {
            return data;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string shared = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(shared))
            {
                return shared;
            }
        }

        throw new DirectoryNotFoundException("There is no folder shared/data beside the repository: set PROXIMAL_DATA to a folder with gpt2-tokenizer, smollm2-135m-instruct and tinyshakespeare.");
    }
}
