using System.Text;
using System.Text.Json;
using Proximal.ChatTemplates;
using Proximal.Cli.Rows;
using Proximal.Configuration;
using Proximal.Data;
using Proximal.Data.Checking;
using Proximal.Data.Formats;
using Proximal.Evaluation;
using Proximal.Evaluation.Judging;
using Proximal.Hub;
using Proximal.Reports;
using Proximal.Rewards;
using Proximal.Rewards.Http;
using Proximal.Rollouts;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tokenization;

namespace Proximal.Tests.Fuzz;

/// <summary>The managed parsers of bytes that somebody else wrote.</summary>
internal static class FuzzTargets
{
    // A template may take 20 million steps, each of which may make some objects; few of them live at the same time.
    private const long TemplateBytes = 1L << 34;
    private const string Recipe = "model: models/a\n";
    private static readonly RewardRow[] Rows = [Row(2), Row(3)];
    private static readonly JsonElement Messages = JsonDocument.Parse(
        """[{"role": "system", "content": "S"}, {"role": "user", "content": " hi <é> "}, {"role": "assistant", "content": "yes"}]""").RootElement;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("yaml", Yaml, typeof(ConfigurationException)),
        new("overrides", Overrides, typeof(ConfigurationException)) { NamesFile = false },
        new("rows", ReadRows, typeof(DataFileException)),
        new("row_files", ReadRowFiles, typeof(DataFileException)),
        new("parquet", ReadParquet, typeof(DataFileException)),
        new("row_forms", ReadForms, typeof(DataFileException)),
        new("cli_rows", CliRows, typeof(RowException)) { NamesFile = false },
        new("tokenizer_json", LoadTokenizer, typeof(TokenizerException)),
        new("sentencepiece", LoadTokenizer, typeof(TokenizerException)),
        new("vocabulary", LoadTokenizer, typeof(TokenizerException)),
        new("gguf_tokenizer", GgufTokenizer, typeof(TokenizerException), typeof(ChatTemplateException)),
        new("template", Template, typeof(ChatTemplateException)) { NamesFile = false, MostAllocated = TemplateBytes },
        new("template_files", TemplateFiles, typeof(ChatTemplateException), typeof(TokenizerException)) { MostAllocated = TemplateBytes },
        new("checkpoint", ReadCheckpoint, typeof(CheckpointException)),
        new("run", ReadRun, typeof(DataFileException)),
        new("normalization", input => Using(input.Write("reward_normalization.json"), _ => RewardNormalization.Read(input.Folder)), typeof(DataFileException)),
        new("lexicon", Lexicon, typeof(DataFileException)),
        new("reward_answer", input => ServiceMessages.Read(input.Bytes, Rows), typeof(ServiceFault)) { NamesFile = false },
        new("hub", ReadHub, typeof(HubException), typeof(ArgumentException)) { NamesFile = false },
        new("evaluation", ReadEvaluation, typeof(DataFileException), typeof(RunFolderException)),
    ];

    private static void Using(string path, Action<string> read) => read(path);

    private static RewardRow Row(int tokens) => new()
    {
        PromptTokens = [1], ResponseTokens = new int[tokens], FinishReason = FinishReason.Stop, PromptText = "p", ResponseText = "r",
    };

    private static void Yaml(FuzzInput input)
    {
        string path = input.Write("run.yaml");
        if (input.Kind == "sft")
        {
            ConfigurationBinder.Bind<SftRunOptions>(path);
        }
        else
        {
            ConfigurationBinder.Bind<PpoRunOptions>(path);
        }
    }

    private static void Overrides(FuzzInput input) =>
        ConfigurationBinder.Parse<Configuration.Recipe>(Recipe, overrides: Encoding.UTF8.GetString(input.Bytes).Split('\n'));

    private static void ReadRows(FuzzInput input)
    {
        string path = input.Write(input.Kind is "array" ? "rows.json" : "rows.jsonl");
        DataCheck.Run(path);
        switch (input.Kind)
        {
            case "prompts":
                PromptFile.Read(path);
                break;
            case "pairs":
                PreferenceFile.Read(path, out _);
                break;
            default:
                SftFile.Read(path);
                break;
        }
    }

    /// <summary>Cells, arrays and compressed lines.</summary>
    private static void ReadRowFiles(FuzzInput input)
    {
        string path = input.Write(input.Kind switch { "csv" => "rows.csv", "tsv" => "rows.tsv", "gz" => "rows.jsonl.gz", "zst" => "rows.jsonl.zst", _ => "rows.json" });
        foreach (JsonRow row in JsonRows.Stream(path, "The file", "{}", _ => { }))
        {
            _ = row.Truth("label");
            row.Optional("prompt");
        }
    }

    private static void ReadParquet(FuzzInput input)
    {
        foreach (JsonRow row in JsonRows.Stream(input.Write("rows.parquet"), "The file", "{}", exception => throw exception))
        {
            _ = row.Object.GetRawText();
        }
    }

    /// <summary>Rows of other projects, and descriptions of data sets.</summary>
    private static void ReadForms(FuzzInput input)
    {
        if (input.Kind == "info")
        {
            input.Beside("info/data.json", """[{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"instruction":"i","output":"o"}]""");
            input.Write("info/dataset_info.json");
            _ = SftFile.Stream(new DataSource(Path.Combine(input.Folder, "info")) { Dataset = "one" }).Count();
            return;
        }

        string path = input.Write("rows.jsonl");
        var source = new DataSource(path) { ApplyChatTemplate = input.Bytes.Length % 3 == 0 ? null : input.Bytes.Length % 3 == 1 };
        switch (input.Kind)
        {
            case "pairs":
                PreferenceFile.Read(source, out _);
                break;
            case "prompts":
                _ = PromptFile.Read(source);
                break;
            case "check":
                DataCheck.Run(path);
                break;
            default:
                _ = SftFile.Stream(source).Count();
                break;
        }
    }

    private static void CliRows(FuzzInput input)
    {
        int index = 0;
        foreach (RawLine line in new LineReader(new MemoryStream(input.Bytes), 1 << 12).Read())
        {
            InputRow row = InputRow.Parse(line, index++);
            _ = row.Id;
            row.Require();
            if (row.Has("tokens"))
            {
                row.Tokens("tokens");
            }
            else if (row.Has("messages"))
            {
                row.Conversation(answers: false);
            }
            else
            {
                row.Text("prompt");
            }
        }
    }

    private static void LoadTokenizer(FuzzInput input)
    {
        switch (input.Kind)
        {
            case "vocab":
                input.Beside("vocab/merges.txt", "#version: 0.2\na b\nab c\n");
                Encode(Path.GetDirectoryName(input.Write("vocab/vocab.json"))!);
                break;
            case "merges":
                input.Beside("merges/vocab.json", """{"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "<|endoftext|>": 5}""");
                Encode(Path.GetDirectoryName(input.Write("merges/merges.txt"))!);
                break;
            case "model":
                Encode(Path.GetDirectoryName(input.Write("model/tokenizer.model"))!);
                break;
            default:
                Encode(Path.GetDirectoryName(input.Write("json/tokenizer.json"))!);
                break;
        }
    }

    private static void Encode(string path)
    {
        Tokenizer tokenizer = Tokenizer.Load(path);
        try
        {
            _ = tokenizer.Decode(tokenizer.Encode("hello wé 12😀 abc"));
            _ = tokenizer.EncodeWithOffsets("hello\uD800 é<|end|>");
        }
        catch (InvalidOperationException exception) when (exception.Message.Contains("is damaged", StringComparison.Ordinal) || exception.Message.Contains("names no unk_id", StringComparison.Ordinal))
        {
            // The documented refusal of tables that only show what they are when they are used.
        }
    }

    private static void GgufTokenizer(FuzzInput input)
    {
        string path = input.Write("model.gguf");
        ModelChatTemplate.Find(path);
        Encode(path);
    }

    private static void Template(FuzzInput input) => Render(ChatTemplate.Parse(Encoding.UTF8.GetString(input.Bytes)).Render);

    private static void Render(Func<ChatRequest, RenderedChat> render) => render(new ChatRequest
    {
        Messages = Messages, AddGenerationPrompt = true, Now = DateTimeOffset.UnixEpoch,
        Variables = new Dictionary<string, JsonElement> { ["bos_token"] = JsonSerializer.SerializeToElement("<s>"), ["eos_token"] = JsonSerializer.SerializeToElement("</s>") },
    });

    private static void TemplateFiles(FuzzInput input)
    {
        input.Write($"{input.Kind}/{(input.Kind == "map" ? "special_tokens_map.json" : "tokenizer_config.json")}");
        if (input.Kind == "map")
        {
            input.Beside("map/chat_template.jinja", "{{ bos_token }}{{ messages[0].content }}");
        }

        try
        {
            ModelChatTemplate.Find(Path.Combine(input.Folder, input.Kind));
        }
        catch (ChatTemplateException exception) when (exception.Kind == ChatTemplateErrorKind.Limit)
        {
        }
    }

    private static void ReadCheckpoint(FuzzInput input)
    {
        switch (input.Kind)
        {
            case "manifest":
                input.Beside("manifest/state.json", "{}");
                input.Write("manifest/checksums.json");
                CheckpointManifest.Verify(Path.Combine(input.Folder, "manifest"));
                break;
            case "state":
                input.Write("state/state.json");
                Checkpoint.ReadState(Path.Combine(input.Folder, "state"));
                break;
            default:
                using (var file = new TensorFileReader(input.Write("tensors.safetensors")))
                {
                    file.Metadata("step");
                    file.Read("a", [2], new float[2]);
                }

                break;
        }
    }

    private static void ReadRun(FuzzInput input)
    {
        string folder = Path.Combine(input.Folder, input.Kind);
        switch (input.Kind)
        {
            case "metrics":
                input.Write("metrics/metrics.jsonl");
                RunData.Read(folder);
                break;
            case "summary":
                input.Write("summary/summary.json");
                RunSummary.Read(folder);
                break;
            default:
                input.Write("samples/samples.jsonl");
                var samples = new SampleFile(folder);
                foreach (SampleRow row in samples.Rows().ToArray())
                {
                    samples.Read(row);
                }

                break;
        }
    }

    private static void Lexicon(FuzzInput input)
    {
        var lexicon = LexiconReward.Load(input.Write("lexicon.tsv"), phrases: input.Kind == "phrases");
        lexicon.Score("good, very good; not bad at all. It's fine");
    }

    /// <summary>What a hub answers, and what a person writes to ask it. What is accepted is written: nothing may come to lie outside.</summary>
    private static void ReadHub(FuzzInput input)
    {
        string text = Encoding.UTF8.GetString(input.Bytes);
        switch (input.Kind)
        {
            case "listing":
                WriteListing(HubListing.Read(input.Bytes, "hub"), Path.Combine(input.Folder, "cache"));
                break;
            case "headers":
                HubFile file = HubFile.Read(Headers(text).GetValueOrDefault, "hub");
                RequireInside(new HubCache(input.Folder, HubRepository.Parse("org/model")).PartOf(file.Hash), Path.Combine(input.Folder, "models--org--model", "blobs"));
                break;
            case "failure":
                ReadFailure(text);
                break;
            case "pattern":
                new HubFilter([text], []).Choose(["config.json", "a/b.safetensors"]);
                break;
            default:
                HubRepository repository = HubRepository.Parse(text);
                RequireInside(Path.Combine(input.Folder, repository.FolderName), input.Folder);
                RequireInside(Path.Combine(input.Folder, "refs", repository.Revision), Path.Combine(input.Folder, "refs"));
                HubCache.Find(input.Folder, repository);
                break;
        }
    }

    private static void WriteListing(HubListing listing, string root)
    {
        var cache = new HubCache(root, HubRepository.Parse("org/model"));
        foreach (string name in listing.Files.Take(4))
        {
            cache.Link(listing.Commit, name, new string('a', 64));
            RequireInside(Path.Combine(cache.SnapshotOf(listing.Commit), name), cache.SnapshotOf(listing.Commit));
        }

        if (listing.Files.Count > 0)
        {
            Directory.Delete(root, recursive: true);
        }

        if (Directory.GetFileSystemEntries(Path.GetDirectoryName(root)!).Length > 0)
        {
            throw new InvalidOperationException("something was written outside of the cache");
        }
    }

    private static void ReadFailure(string text)
    {
        using var response = new HttpResponseMessage();
        foreach ((string name, string value) in Headers(text))
        {
            response.Headers.TryAddWithoutValidation(name, value);
        }

        int status = 100 + (text.Length % 500);
        HubException failure = HubAnswers.Failure(
            status, response.Headers, HubRepository.Parse("org/model"), new HubSettings { Endpoint = new Uri("http://hub"), Cache = "/", Token = "secret" }, "http://hub/x", DateTimeOffset.UnixEpoch);
        if (failure.Message.Contains("secret", StringComparison.Ordinal) || failure.Message.Any(letter => letter is '\n' or '\r' or '\x1B'))
        {
            throw new InvalidOperationException($"a message that must not be shown: {failure.Message}");
        }
    }

    private static Dictionary<string, string> Headers(string text)
    {
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string[] pair in text.Split('\n').Select(line => line.Split(": ", 2)).Where(pair => pair.Length == 2))
        {
            headers[pair[0]] = pair[1];
        }

        return headers;
    }

    private static void RequireInside(string path, string folder)
    {
        if (!Path.GetFullPath(path).StartsWith(Path.GetFullPath(folder) + "/", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{path} leads out of {folder}");
        }
    }

    private static void ReadEvaluation(FuzzInput input)
    {
        string folder = Path.Combine(input.Folder, input.Kind);
        if (input.Kind == "votes")
        {
            input.Write("votes/votes.jsonl");
            VoteFile.Open(folder).Dispose();
        }
        else
        {
            input.Write("pairs/pairs.jsonl");
            EvaluationFolder.ReadPairs(folder);
        }
    }
}
