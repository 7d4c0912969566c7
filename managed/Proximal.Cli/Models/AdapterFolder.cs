using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Internal;
using Proximal.Runs;

namespace Proximal.Cli.Models;

/// <summary>A PEFT adapter's folder that is handed on as one.</summary>
internal static class AdapterFolder
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";
    private const string BaseKey = "base_model_name_or_path";
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true };

    /// <summary>Fails unless the model is an adapter where one is to be written.</summary>
    public static void Require(string path, bool wanted, string? baseName)
    {
        if (wanted && !File.Exists(Path.Combine(path, ConfigName)))
        {
            throw new CommandException(
                ExitCode.Data, $"MODEL {path}: it holds whole weights and no {ConfigName}: --to peft takes an adapter's folder; this version trains no adapters and makes none of whole weights");
        }

        if (!wanted && baseName is not null)
        {
            throw new CommandException(ExitCode.Usage, "--base goes with --to peft; to merge an adapter into a base of your choice: proximal merge BASE --adapter DIR");
        }
    }

    /// <summary>Copies configuration, weights and the tokenizer's files.</summary>
    /// <param name="from">The adapter's folder, which has been loaded and is whole.</param>
    /// <param name="to">The folder to write.</param>
    /// <param name="baseName">What it is to name as its base model; <see langword="null"/>: what it names.</param>
    public static void Copy(string from, string to, string? baseName)
    {
        Directory.CreateDirectory(to);
        string config = File.ReadAllText(Path.Combine(from, ConfigName));
        if (baseName is not null)
        {
            JsonObject root = JsonNode.Parse(config)!.AsObject();
            root[BaseKey] = baseName;
            config = root.ToJsonString(Layout) + "\n";
        }

        File.Copy(Path.Combine(from, WeightsName), Path.Combine(to, WeightsName), overwrite: true);
        AtomicFile.WriteText(Path.Combine(to, ConfigName), config);
        TokenizerFiles.Copy(from, to);
    }
}
