using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Cli.Models;
using Proximal.Models;
using Proximal.Tokenization;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal info</c>: what a model is, what it takes, and whether it can be used.</summary>
internal static class InfoCommand
{
    private const string Description =
        "Say what a model is: family, sizes, types, memory, tokenizer, chat template, and whether this version computes it.\n\n"
        + "Sizes are read from the model's files. Whether it is supported is found by loading it, which takes its memory for a moment; a model "
        + "that does not fit into the memory that is free, or --no-load, leaves that open.";

    /// <summary>Loading takes the weights and a little; more than this share of the free memory is not risked.</summary>
    private const double MemoryShare = 0.8;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(CliHost host)
    {
        var model = new Argument<string>("MODEL") { Description = "A Hugging Face folder, a .gguf file or a llama2.c .bin file." };
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var noLoad = new Option<bool>("--no-load") { Description = "Do not load the model." };
        var command = new Command("info", Description);
        command.Add(model);
        command.Add(json);
        command.Add(noLoad);
        command.SetAction(parsed =>
        {
            string path = ModelPath.Resolve(parsed.GetValue(model)!, "MODEL");
            ModelSummary summary = ModelSummary.Read(path);
            List<(string Name, object? Value)> facts = Facts(summary, parsed.GetValue(noLoad));
            host.Print(parsed.GetValue(json) ? AsJson(facts) : AsText(facts));
            return ExitCode.Success;
        });
        return command;
    }

    private static List<(string Name, object? Value)> Facts(ModelSummary summary, bool noLoad)
    {
        List<(string, object?)> facts =
        [
            ("path", summary.Path),
            ("format", summary.Format),
            ("family", summary.Family),
            ("parameters", summary.Parameters),
            .. summary.Sizes.Select(size => (JsonNamingPolicy.SnakeCaseLower.ConvertName(size.Key), (object?)size.Value)),
            ("types", string.Join(", ", summary.Types.Select(type => string.Create(
                CultureInfo.InvariantCulture, $"{type.Key} {(double)type.Value / Math.Max(1, summary.Parameters):P1}")))),
            ("file_bytes", summary.FileBytes),
            ("weight_bytes", summary.WeightBytes),
            ("training_bytes", summary.TrainingBytes),
            ("cache_bytes_per_token", summary.CacheBytesPerToken),
        ];
        facts.AddRange(TextFacts(summary.Path));
        (string supported, string? reason) = Supported(summary, noLoad);
        facts.Add(("supported", supported));
        facts.Add(("reason", reason));
        return facts;
    }

    private static IEnumerable<(string Name, object? Value)> TextFacts(string path)
    {
        yield return ("tokenizer", Tell(() => Tokenizer.IsAt(path)
            ? DescribeTokenizer(Tokenizer.Load(path))
            : "none"));
        yield return ("chat_template", Tell(() => ModelChatTemplate.Find(path) is { } template
            ? template.Template.TracksGeneration ? "yes, marks answers" : "yes"
            : "no"));
    }

    private static string DescribeTokenizer(Tokenizer tokenizer) =>
        string.Create(CultureInfo.InvariantCulture, $"{tokenizer.Kind}, {tokenizer.VocabularySize} tokens");

    /// <summary>What is wrong with one part of a model is told beside the others.</summary>
    private static string Tell(Func<string> fact)
    {
        try
        {
            return fact();
        }
        catch (Exception failure) when (failure is ProximalException or ChatTemplateException)
        {
            return $"unusable: {FailureReport.TextOf(failure)}";
        }
    }

    private static (string Supported, string? Reason) Supported(ModelSummary summary, bool noLoad)
    {
        long free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        if (noLoad || summary.WeightBytes > MemoryShare * free)
        {
            return ("not tried", noLoad ? "--no-load" : $"its weights take {ByteCount.Text(summary.WeightBytes)}, {ByteCount.Text(free)} are free");
        }

        try
        {
            using var engine = new Engine();
            using LanguageModel model = LanguageModel.Load(engine, summary.Path);
            return ("yes", null);
        }
        catch (ProximalException failure)
        {
            return ("no", FailureReport.TextOf(failure));
        }
    }

    private static string AsText(List<(string Name, object? Value)> facts)
    {
        var text = new StringBuilder();
        int width = facts.Max(fact => fact.Name.Length) + 2;
        foreach ((string name, object? value) in facts.Where(fact => fact.Value is not null))
        {
            string shown = value is long number && name.Contains("bytes", StringComparison.Ordinal)
                ? ByteCount.Text(number)
                : Convert.ToString(value, CultureInfo.InvariantCulture)!;
            text.Append(name.Replace("_bytes", string.Empty, StringComparison.Ordinal).Replace('_', ' ').PadRight(width)).Append(shown).Append('\n');
        }

        return text.ToString();
    }

    private static string AsJson(List<(string Name, object? Value)> facts) =>
        JsonSerializer.Serialize(
            facts.ToDictionary(fact => fact.Name, fact => fact.Value),
            Relaxed) + "\n";
}
