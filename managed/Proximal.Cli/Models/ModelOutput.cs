using System.CommandLine;
using Proximal.Cli.Commands;
using Proximal.Models;
using Proximal.Models.Formats;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.Cli.Models;

/// <summary>The options that say where and as what a model is written, and the writing.</summary>
internal sealed class ModelOutput
{
    /// <summary>What the options mean, for the help of a command.</summary>
    public const string Contract =
        "A Hugging Face folder (--to hf) holds config.json, model.safetensors, or shards of it with model.safetensors.index.json, and the tokenizer's files. A GGUF file "
        + "(--to gguf, or a name that ends in .gguf) holds tokenizer and chat template too, as llama.cpp loads it. What GGUF or llama.cpp cannot express, such as a reward head or a "
        + "tokenizer's way to divide text that llama.cpp has no name for, is refused by name.\n\n"
        + "Q8_0 keeps each block of 32 numbers within 1/250 of its largest; vectors and learned positions stay F32, and matrices whose rows are no whole blocks become F16.";

    private static readonly Dictionary<string, GgufType> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["f32"] = GgufType.Float32, ["f16"] = GgufType.Float16, ["bf16"] = GgufType.BFloat16, ["q8_0"] = GgufType.Q8,
    };

    private readonly Option<string> _output;
    private readonly Option<string?> _to;
    private readonly Option<string?> _type = new("--type") { Description = "f32, f16, bf16; of GGUF also q8_0. [default: as the model's file has it]", HelpName = "TYPE" };
    private readonly Option<long?> _shard = new("--shard-size")
    {
        Description = "The most bytes of a shard of a Hugging Face folder, such as 2GB or 500MiB. [default: one file]",
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (ByteCount.Parse(result.Tokens[0].Value) is { } bytes)
            {
                return bytes;
            }

            result.AddError($"--shard-size: expected a size such as 2GB or 500MiB, got '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "The tokenizer's folder or file. [default: the model's]", HelpName = "PATH" };
    private readonly Option<string?> _name = new("--name") { Description = "The model's name. [default: the one of what is written]", HelpName = "NAME" };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace what is at OUT." };

    private readonly bool _alwaysFolder;

    /// <param name="alwaysFolder">What is written is a folder, in which a GGUF file lies with what belongs to it.</param>
    public ModelOutput(bool alwaysFolder = false)
    {
        _alwaysFolder = alwaysFolder;
        _output = new("--output", "-o") { Description = alwaysFolder ? "The folder to write." : "The folder or .gguf file to write.", HelpName = "OUT", Required = true };
        _to = new("--to")
        {
            Description = alwaysFolder ? "hf or gguf: what the model is in the folder. [default: hf]" : "hf or gguf. [default: gguf if OUT ends in .gguf, else hf]",
            HelpName = "FORMAT",
        };
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_output, _to, _type, _shard, _tokenizer, _name, _overwrite])
        {
            command.Add(option);
        }
    }

    /// <summary>What was asked for.</summary>
    public string PathOf(ParseResult parsed) => parsed.GetValue(_output)!;

    /// <summary>The tokenizer that was named.</summary>
    public string? TokenizerOf(ParseResult parsed) => parsed.GetValue(_tokenizer);

    /// <summary>The format that was asked for.</summary>
    public ModelFormat FormatOf(ParseResult parsed)
    {
        string output = PathOf(parsed);
        return parsed.GetValue(_to)?.ToUpperInvariant() switch
        {
            null => !_alwaysFolder && output.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? ModelFormat.Gguf : ModelFormat.HuggingFace,
            "HF" => ModelFormat.HuggingFace,
            "GGUF" => ModelFormat.Gguf,
            "PEFT" => ModelFormat.Peft,
            _ => throw Wrong($"--to {parsed.GetValue(_to)}: expected hf, gguf or peft"),
        };
    }

    /// <summary>Fails before any work where the options contradict each other, or something is in the way.</summary>
    public void Check(ParseResult parsed, params IEnumerable<string> inputs)
    {
        ModelFormat format = FormatOf(parsed);
        GgufType? type = TypeOf(parsed);
        string output = PathOf(parsed);
        if (format != ModelFormat.Gguf && type == GgufType.Q8)
        {
            throw Wrong("--type q8_0: safetensors has no such type; give --to gguf, or f32, f16 or bf16");
        }

        if (format != ModelFormat.HuggingFace && parsed.GetValue(_shard) is not null)
        {
            throw Wrong("--shard-size is of Hugging Face folders; leave it out");
        }

        if (inputs.Any(input => Path.TrimEndingDirectorySeparator(Path.GetFullPath(input)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(output))))
        {
            throw Wrong($"--output {output}: that is the model itself; name another place");
        }

        bool taken = Directory.Exists(output) ? Directory.EnumerateFileSystemEntries(output).Any() : File.Exists(output);
        if (taken && !parsed.GetValue(_overwrite))
        {
            throw Wrong($"--output {output}: there is something already; name another place, or give --overwrite");
        }

        bool file = format == ModelFormat.Gguf && !_alwaysFolder;
        if (file ? Directory.Exists(output) : File.Exists(output))
        {
            throw Wrong(file
                ? $"--output {output}: a GGUF file is to stand there, and there is a folder; name a file"
                : $"--output {output}: a folder is to stand there, and there is a file; name a folder");
        }
    }

    /// <summary>Where the tokenizer is; <see langword="null"/>: nowhere.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="models">Where to look unless the command line says it.</param>
    public string? FindTokenizer(ParseResult parsed, params IEnumerable<string> models)
    {
        string? named = TokenizerOf(parsed) is { } given ? ModelPath.Resolve(given, "--tokenizer") : null;
        return named ?? models.Select(model => File.Exists(model) && GgufPath.Of(model) is null ? RunModels.FolderOf(model) : model).FirstOrDefault(Tokenizer.IsAt);
    }

    /// <summary>The model's name, where one was given.</summary>
    public string? NameOf(ParseResult parsed) => parsed.GetValue(_name);

    /// <summary>Writes a model and says what was written.</summary>
    /// <returns>What the files say of it.</returns>
    public ModelSummary Write(ParseResult parsed, LanguageModel model, string? tokenizer, CliHost host)
    {
        GgufType type = TypeOf(parsed) ?? Stored(model.Info.StorageType);
        string output = PathOf(parsed);
        if (_alwaysFolder && FormatOf(parsed) == ModelFormat.Gguf)
        {
            output = Path.Combine(output, $"{NameOf(parsed) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)))}-{Types.First(known => known.Value == type).Key.ToUpperInvariant()}.gguf");
        }

        if (FormatOf(parsed) == ModelFormat.Gguf && model.Info.Head == ModelHead.Scalar)
        {
            throw new CommandException(ExitCode.Data, "a reward or value model is no language model, and llama.cpp runs those alone: give --to hf");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        if (FormatOf(parsed) == ModelFormat.Gguf)
        {
            WriteGguf(output, type, parsed.GetValue(_name), model, tokenizer, host);
        }
        else
        {
            WriteFolder(output, type, parsed.GetValue(_shard) ?? 0, model, tokenizer, host);
        }

        ModelSummary summary = ModelSummary.Read(output);
        host.Log($"{summary.Format}, {summary.Parameters} parameters, {ByteCount.Text(summary.FileBytes)}: {string.Join(", ", summary.Types.Select(one => $"{one.Value} {one.Key}"))}");
        host.Print(PathOf(parsed) + "\n");
        return summary;
    }

    private static void WriteFolder(string output, GgufType type, long shard, LanguageModel model, string? tokenizer, CliHost host)
    {
        if (tokenizer is not null)
        {
            TokenizerFiles.Check(tokenizer);
        }

        model.Save(output, type switch { GgufType.Float16 => TensorType.Float16, GgufType.BFloat16 => TensorType.BFloat16, _ => TensorType.Float32 }, shard);
        TokenizerFiles.Copy(tokenizer, output);
        if (tokenizer is null)
        {
            host.Log("note: the model has no tokenizer beside it, so there is none in the folder either; give --tokenizer");
        }
    }

    private static void WriteGguf(string output, GgufType type, string? name, LanguageModel model, string? tokenizer, CliHost host)
    {
        if (tokenizer is null)
        {
            throw new CommandException(ExitCode.Data, "the model has no tokenizer beside it, and a GGUF file holds one: give --tokenizer");
        }

        foreach (string note in model.SaveGguf(output, tokenizer, type, name))
        {
            host.Log($"note: {note}");
        }

        GgufTensorEntry[] matrices = [.. GgufHeader.Read(output).Tensors.Where(tensor => tensor.Shape.Length > 1 && tensor.Name != "position_embd.weight")];
        int other = matrices.Count(tensor => type == GgufType.Q8 && tensor.Type != "Q8_0");
        if (other > 0)
        {
            host.Log($"note: {other} of {matrices.Length} matrices are F16, for their rows are no whole blocks of 32 numbers");
        }
    }

    private static GgufType Stored(TensorType type) => type switch
    {
        TensorType.Float16 => GgufType.Float16,
        TensorType.BFloat16 => GgufType.BFloat16,
        _ => GgufType.Float32,
    };

    private GgufType? TypeOf(ParseResult parsed) => parsed.GetValue(_type) is not { } name
        ? null
        : Types.TryGetValue(name, out GgufType type) ? type : throw Wrong($"--type {name}: expected one of {string.Join(", ", Types.Keys)}");

    private static CommandException Wrong(string message) => new(ExitCode.Usage, message);
}
