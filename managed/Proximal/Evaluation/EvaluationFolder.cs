using System.Text.Json;
using Proximal.Data;
using Proximal.Internal;
using Proximal.Reports;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.Evaluation;

/// <summary>The folder that an evaluation leaves: <c>eval.json</c>, <c>eval.html</c>, <c>eval.md</c>, <c>pairs.jsonl</c>, <c>config.yaml</c>.</summary>
public static class EvaluationFolder
{
    /// <summary>All figures, see METRICS.md.</summary>
    public const string JsonFile = "eval.json";

    /// <summary>The page.</summary>
    public const string HtmlFile = "eval.html";

    /// <summary>The page as Markdown.</summary>
    public const string MarkdownFile = "eval.md";

    /// <summary>One row a pair of responses.</summary>
    public const string PairsFile = "pairs.jsonl";

    /// <summary>What people thought of the pairs.</summary>
    public const string VotesFile = "votes.jsonl";

    private static readonly string[] Files = [JsonFile, HtmlFile, MarkdownFile, PairsFile];

    /// <summary>Throws when a folder holds an evaluation that may not be replaced, or votes, which never may.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="overwrite">An evaluation may be replaced.</param>
    /// <exception cref="RunFolderException">It may not.</exception>
    public static void CheckFree(string path, bool overwrite)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
        {
            throw new RunFolderException(path, $"{path} is a file: name a folder.");
        }

        if (File.Exists(Path.Combine(path, VotesFile)))
        {
            throw new RunFolderException(
                path, $"{path} holds votes on an earlier evaluation ({VotesFile}): name another output folder, or move the votes away.");
        }

        if (Files.FirstOrDefault(name => Path.Exists(Path.Combine(path, name))) is { } found && !overwrite)
        {
            throw new RunFolderException(path, $"{path} holds an evaluation already ({found}): name another output folder, or set overwrite.");
        }
    }

    /// <summary>Reads the pairs of an evaluation.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="DataFileException">The folder has no pairs, or a row is broken.</exception>
    public static IReadOnlyList<EvaluationPair> ReadPairs(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Path.Combine(path, PairsFile);
        if (!File.Exists(file))
        {
            throw new DataFileException(path, null, $"the folder holds no evaluation: it has no {PairsFile}; run `proximal eval --output {path}` first");
        }

        var pairs = new List<EvaluationPair>();
        foreach (string line in File.ReadLines(file))
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                pairs.Add(PairJson.Read(document.RootElement));
            }
            catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
            {
                throw new DataFileException(file, pairs.Count + 1, $"expected a pair of responses ({failure.Message}): run the evaluation again", failure);
            }
        }

        return pairs;
    }

    /// <summary>Writes everything.</summary>
    internal static void Write(string path, EvaluationReport report, string configuration, Tokenizer tokenizer)
    {
        try
        {
            Directory.CreateDirectory(path);
            foreach (string name in Files)
            {
                File.Delete(Path.Combine(path, name));
            }

            using (var pairs = new JsonLines(Path.Combine(path, PairsFile)))
            {
                foreach (EvaluationPair pair in report.Result.Pairs)
                {
                    pairs.Append(writer => PairJson.Write(writer, pair));
                }
            }

            File.WriteAllText(Path.Combine(path, RunFolder.ConfigurationFile), configuration);
            AtomicFile.WriteText(Path.Combine(path, HtmlFile), EvaluationPage.Write(report, tokenizer));
            AtomicFile.WriteText(Path.Combine(path, MarkdownFile), EvaluationMarkdown.Write(report));
            AtomicFile.WriteText(Path.Combine(path, JsonFile), EvaluationJson.Write(report));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException(
                path, $"{path}: the evaluation cannot be written: {exception.Message} Name another output folder.", exception);
        }
    }
}
