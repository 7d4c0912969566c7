using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Proximal.Tests.Models;

namespace Proximal.Tests.Cli;

/// <summary>Whatever is wrong with what a user gives: one message with what, where and the fix, the right exit code, no trace.</summary>
public sealed class BadInputTests
{
    private const string Yaml =
        """
        model: model
        output: run
        prompts: {path: prompts.jsonl}
        rewards: [{type: repetition}]
        ppo: {steps: 2, prompts_per_step: 2, max_new_tokens: 4}
        """;

    private static readonly BadInput[] Models =
    [
        new("a model that is not there", 3, folder => Score(folder["absent"]), "--model", "absent: does not exist", "give a Hugging Face folder"),
        new("a model folder without files", 3, folder => Score(Directory.CreateDirectory(folder["empty"]).FullName), "empty", "config.json"),
        new("a truncated config.json", 3, folder => Score(folder, "config.json", bytes => bytes[..(bytes.Length / 2)]), "config.json"),
        new("a config.json of another family", 3, folder => Score(folder, new TinyModel { Config = { ["model_type"] = "mamba" } }), "config.json", "mamba"),
        new("a config.json with an unsupported rope", 3, folder => Score(folder, Rope("longrope")), "rope", "longrope"),
        new("a config.json that lies about sizes", 3, folder => Score(folder, new TinyModel { Config = { ["intermediate_size"] = 24 } }), "mlp", "24"),
        new("a config.json with an absurd size", 3, folder => Score(folder, new TinyModel { Config = { ["hidden_size"] = -8 } }), "config.json", "hidden_size"),
        new("a model folder without weights", 3, folder => Score(folder, "model.safetensors", null), "model.safetensors"),
        new("a truncated weights file", 3, folder => Score(folder, "model.safetensors", bytes => bytes[..^100]), "model.safetensors"),
        new("a weights file cut in its header", 3, folder => Score(folder, "model.safetensors", bytes => bytes[..20]), "model.safetensors"),
        new("a weights file whose header length lies", 3, folder => Score(folder, "model.safetensors", bytes => [.. Enumerable.Repeat((byte)0xFF, 8), .. bytes[8..]]), "model.safetensors"),
        new("a weights file with a flipped bit in its header", 3, folder => Score(folder, "model.safetensors", bytes => Flip(bytes, 8)), "model.safetensors"),
        new("a weights file with offsets beyond its end", 3, folder => Score(folder, "model.safetensors", bytes => Replace(bytes, "\"data_offsets\":[0,", "\"data_offsets\":[9,")), "model.safetensors"),
        new("weights that are NaN", 3, folder => Score(folder, "model.safetensors", bytes => [.. bytes[..^4], 0, 0, 0xC0, 0x7F]), "model.", "nan"),
        new("a .bin file that is no model", 3, folder => Score(folder.Write("junk.bin", "no model at all, only text")), "junk.bin"),
        new("a reward model where a language model is needed", 3, folder => ["generate", "-m", new TinyModel { Classifier = true }.Write(folder["reward"]), "-i", "-"], "--model", "reward head", "give a language model"),
    ];

    private static readonly BadInput[] Tokenizers =
    [
        new("a tokenizer that is not there", 3, folder => Tokenize(folder["absent"]), "--tokenizer", "absent: does not exist", "give a folder"),
        new("a folder without a tokenizer", 3, folder => Tokenize(Directory.CreateDirectory(folder["empty"]).FullName), "empty", "tokenizer.json"),
        new("a truncated tokenizer.json", 3, folder => Tokenize(Spoil(folder, "tokenizer.json", bytes => bytes[..^30])), "tokenizer.json", "no valid JSON"),
        new("a tokenizer.json of an unknown kind", 3, folder => Tokenize(Spoil(folder, "tokenizer.json", bytes => Replace(bytes, "\"BPE\"", "\"ABC\""))), "tokenizer.json", "ABC"),
        new("a tokenizer.json with an id twice", 3, folder => Tokenize(Spoil(folder, "tokenizer.json", bytes => Replace(bytes, "\"y\":28", "\"y\":27"))), "tokenizer.json", "27"),
        new("a generation_config.json with a word for an id", 3, folder => ["generate", "-m", Path.GetDirectoryName(Spoil(folder, "generation_config.json", bytes => Replace(bytes, "[2]", "\"x\"")))!, "-i", "-"], "generation_config.json", "eos_token_id", "Correct the value"),
        new("a model without a tokenizer where texts come", 3, folder => ["tokenize", "-m", new TinyModel().Write(folder["bare"]), "-i", "-"], "bare has no tokenizer.json", "give --tokenizer"),
    ];

    private static readonly BadInput[] Configurations =
    [
        new("a configuration that is not there", 3, folder => ["ppo", "-c", folder["absent.yaml"]], "absent.yaml: does not exist", "check the path"),
        new("a configuration that is a folder", 3, folder => ["ppo", "-c", folder.Model], "is a folder", "name the YAML file"),
        new("a configuration that is binary", 3, folder => Ppo(folder, "model: \0\u0001"), "run.yaml", "is not a text", "check the path"),
        new("a key that does not exist", 3, folder => Ppo(folder, Yaml.Replace("steps", "stepps", StringComparison.Ordinal)), "run.yaml:5:7: ppo.stepps: unknown key", "did you mean 'steps'?"),
        new("a key given twice", 3, folder => Ppo(folder, Yaml + "\nmodel: other\n"), "run.yaml:6:1: model: given twice", "keep one"),
        new("a required key that is missing", 3, folder => Ppo(folder, Yaml.Replace("output: run", "", StringComparison.Ordinal)), "run.yaml:1:1: output: missing", "add 'output:'"),
        new("a word for a number", 3, folder => Ppo(folder, Yaml.Replace("steps: 2", "steps: two", StringComparison.Ordinal)), "run.yaml:5:14: ppo.steps: expected a whole number, got 'two'"),
        new("a number out of range", 3, folder => Ppo(folder, Yaml.Replace("steps: 2", "clip_low: 2", StringComparison.Ordinal)), "ppo.clip_low: expected a number strictly between 0 and 1; got 2"),
        new("a tab in the indentation", 3, folder => Ppo(folder, "model: m\nppo:\n\tsteps: 2\n"), "run.yaml:3:1: a tab", "indent with spaces"),
        new("a bracket that never closes", 3, folder => Ppo(folder, "model: [m\n"), "run.yaml:", "not valid YAML"),
        new("an alias bomb", 3, folder => Ppo(folder, Bomb()), "run.yaml:", "once aliases are expanded"),
        new("a reward of an unknown type", 3, folder => Ppo(folder, Yaml.Replace("repetition", "repetitoin", StringComparison.Ordinal)), "rewards[0].type: expected one of", "did you mean 'repetition'?"),
        new("no rewards", 3, folder => Ppo(folder, Yaml.Replace("{type: repetition}", "", StringComparison.Ordinal)), "run.yaml:4:10: rewards:", "at least one"),
        new("a reward with impossible options", 3, folder => Ppo(folder, Yaml.Replace("{type: repetition}", "{type: overlong, maximum: 3, buffer: 5}", StringComparison.Ordinal)), "run.yaml:4:48: rewards[0].buffer: expected a whole number from 1 to 3; got 5"),
        new("a misspelt override", 2, folder => [.. Ppo(folder, Yaml), "--set", "ppo.stepps=2"], "--set ppo.stepps=2: ppo.stepps: unknown key", "did you mean 'steps'?"),
        new("an override that is no override", 2, folder => [.. Ppo(folder, Yaml), "--set", "ppo"], "--set ppo: expected KEY=VALUE"),
        new("a configuration whose model is not there", 3, folder => Ppo(folder, Yaml.Replace("model: model", "model: absent", StringComparison.Ordinal)), "run.yaml: model:", "absent does not exist", "--set model=PATH"),
        new("a lexicon that is not there", 3, folder => Ppo(folder, Yaml.Replace("{type: repetition}", "{type: lexicon, path: absent.tsv}", StringComparison.Ordinal)), "absent.tsv"),
        new("a lexicon that is no lexicon", 3, folder => Ppo(folder, Yaml.Replace("{type: repetition}", $"{{type: lexicon, path: {folder.Write("l.tsv", "good\tvery\n")}}}", StringComparison.Ordinal)), "l.tsv:1"),
        new("a critic without a scalar head", 3, folder => Ppo(folder, Yaml + "\ncritic: model\n"), "critic:", "scalar head", "name a model that has it"),
        new("a run folder that holds a run", 3, Occupied, "output:", "holds a run already", "overwrite"),
    ];

    private static readonly BadInput[] Prompts =
    [
        new("a prompt file that is not there", 3, folder => PpoWith(folder, null), "prompts.jsonl", "does not exist"),
        new("an empty prompt file", 3, folder => PpoWith(folder, ""), "prompts.jsonl", "no prompts"),
        new("a prompt that is no JSON", 3, folder => PpoWith(folder, "{\"prompt\":\"a\"}\n{\"prompt\":\n"), "prompts.jsonl:2", "JSON"),
        new("a prompt row without the field", 3, folder => PpoWith(folder, "{\"text\":\"a\"}\n"), "prompts.jsonl:1", "'prompt'", "'text'"),
        new("a prompt longer than the context", 3, folder => PpoWith(folder, $"{{\"prompt\":\"{new string('a', 70)}\"}}\n"), "prompts.jsonl:1", "64"),
        new("rows that are not there", 3, folder => ["score", "-m", folder.Model, "-i", folder["absent"]], "--input", "absent: does not exist", "check the path"),
        new("rows that are a folder", 3, folder => ["score", "-m", folder.Model, "-i", folder.Model], "--input", "is a folder", "name a file"),
        new("an output that cannot be written", 2, folder => ["score", "-m", folder.Model, "-i", "-", "-o", folder["absent", "out"]], "--output", "cannot be written"),
        new("a command that does not exist", 2, _ => ["scor"], "unknown: 'scor'", "did you mean 'score'?"),
        new("an option that does not exist", 2, folder => ["score", "-m", folder.Model, "-i", "-", "--temprature", "1"], "'--temprature'", "did you mean '--temperature'?"),
        new("a temperature of zero", 2, folder => ["score", "-m", folder.Model, "-i", "-", "--temperature", "0"], "--temperature: expected a number above 0, got '0'"),
        new("stop tokens that are words", 2, folder => ["generate", "-m", folder.Model, "-i", "-", "--stop-token-ids", "end"], "--stop-token-ids: expected token ids such as 1,2, got 'end'"),
        new("no model", 2, _ => ["score", "-i", "-"], "'--model' is required"),
    ];

    private static readonly BadInput[] Evaluations =
    [
        new("an evaluation of a model that is not there", 3, folder => Eval(folder, "--model", folder["absent"]), "model:", "absent does not exist", "--model PATH"),
        new("an evaluation without a baseline", 2, folder => ["eval", "--model", folder.Model, "--prompts", folder["prompts.jsonl"]], "'--baseline' is required", "--config"),
        new("an evaluation on prompts that are not there", 3, folder => Eval(folder, "--prompts", folder["absent.jsonl"]), "absent.jsonl", "does not exist"),
        new("an evaluation of a reward model", 3, folder => Eval(folder, "--model", TinyTokenizer.Write(new TinyModel { Classifier = true, Tied = false }.Write(folder["reward"]))), "model:", "language-model head"),
        new("an evaluation of models with other vocabularies", 3, folder => Eval(folder, "--model", TinyTokenizer.Write(new TinyModel { Vocabulary = 33 }.Write(folder["larger"]))), "29", "33", "same tokenizer"),
        new("an evaluation of models with other tokenizers", 3, folder => Eval(folder, "--model", OtherTokenizer(folder)), "prompts.jsonl:1", "different tokens", "one tokenizer"),
        new("an evaluation with no samples", 2, folder => Eval(folder, "--set", "evaluation.samples=0"), "--set evaluation.samples=0", "expected a whole number of at least 1; got 0"),
        new("an evaluation with a misspelt key", 2, folder => Eval(folder, "--set", "evaluation.sample=2"), "unknown key", "did you mean 'samples'?"),
        new("a judge that is no reward model", 3, folder => Eval(folder, "--judge", folder.Model), "reward_normalization.json", "proximal rm"),
        new("sensitive prompts that do not fit", 3, folder => Eval(folder, "--set", "evaluation.max_new_tokens=20"), "do not fit", "toxicity_samples"),
        new("an evaluation into a file", 3, folder => Eval(folder, "--output", folder.Write("file", "text"), "--set", "evaluation.toxicity_samples=0", "--set", "evaluation.max_new_tokens=2"), "file", "is a file", "name a folder"),
        new("a judge without an evaluation", 3, folder => ["judge", folder.Model], "model: the folder holds no evaluation", "proximal eval --output"),
        new("a judge of two models without prompts", 2, folder => ["judge", folder.Model, folder.Model, "--output", folder["duel"]], "'--prompts' is required with two models"),
        new("a judge of a folder with prompts", 2, folder => ["judge", folder.Model, "--prompts", folder["prompts.jsonl"]], "'--prompts' goes with two models"),
        new("a judge of a broken pair", 3, folder => ["judge", Path.GetDirectoryName(folder.Write("pairs.jsonl", "{\"prompt_index\":0}\n"))!], "pairs.jsonl:1", "expected a pair of responses", "run the evaluation again"),
        new("a report of what is no run", 3, folder => ["report", folder.Model], "model: the folder holds no run", "metrics.jsonl"),
        new("a report of a broken run", 3, folder => ["report", Path.GetDirectoryName(folder.Write("metrics.jsonl", "{\"step\":1}\n{\n{\"step\":2}\n"))!], "metrics.jsonl:2", "repair or remove"),
        new("a comparison of no run", 2, _ => ["compare"], "Required argument missing", "compare --help"),
        new("a comparison by a metric that is not there", 3, folder => ["compare", Path.GetDirectoryName(folder.Write("metrics.jsonl", "{\"step\":1,\"x\":1}\n"))!, "--metric", "y"], "none of the runs has such a metric", "metrics.jsonl"),
    ];

    /// <summary>Rows that are wrong are answered on standard output.</summary>
    private static readonly (string Command, string Row, string Says)[] Rows =
    [
        ("score", "{\"tokens\":[1", "line 1: not valid JSON"),
        ("score", "{\"tokens\":[1,400]}", "token 1 is 400"),
        ("score", "{\"tokens\":[1],\"tokens\":[2]}", "a name is given twice"),
        ("score", $"{{\"text\":\"{new string('a', 100)}\"}}", "more than the model's context of 64"),
        ("generate", $"{{\"prompt\":\"{new string('a', 62)}\"}}", "64 tokens are more than the model's context of 64 less 1 for the response: shorten it"),
        ("generate", "{\"prompt\":7}", "'prompt' is a number: expected a text"),
        ("tokenize", "{\"text\":\"\\ud800\"}", "half of a surrogate pair"),
        ("tokenize", "\"text\"", "the line is a text: expected a JSON object"),
    ];

    private static IEnumerable<BadInput> Fatal => [.. Models, .. Tokenizers, .. Configurations, .. Prompts, .. Evaluations];

    private static IEnumerable<TestCaseData> BadRows => Rows.Select(row => new TestCaseData(row.Command, row.Row, row.Says)
        .SetArgDisplayNames(row.Command, row.Says));

    [TestCaseSource(nameof(Fatal))]
    public void A_bad_input_gets_one_message_and_its_exit_code(object input)
    {
        var bad = (BadInput)input;
        using var folder = new TinyFolder();
        folder.Write("prompts.jsonl", "{\"prompt\":\"a\"}\n");
        CliRun run = CliRun.Of(bad.Input, bad.Arrange(folder));
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(bad.Code), run.Error);
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Error, Does.StartWith("error: "));
            Assert.That(run.Error.Split("error: "), Has.Length.EqualTo(2), $"one message: {run.Error}");
            Assert.That(run.Error, Does.Not.Contain("internal error").And.Not.Contain("   at ").And.Not.Contain("(Parameter").And.Not.Contain("px_"));
            foreach (string part in bad.Says)
            {
                Assert.That(run.Error, Does.Contain(part));
            }
        });
    }

    [TestCaseSource(nameof(BadRows))]
    public void A_bad_row_is_answered_and_the_next_one_too(string command, string row, string says)
    {
        using var folder = new TinyFolder();
        string good = command == "tokenize" ? "{\"id\":2,\"text\":\"a\"}" : "{\"id\":2,\"tokens\":[1,3]}";
        string[] more = command == "generate" ? ["--max-new-tokens", "2"] : [];
        CliRun run = CliRun.Of($"{row}\n{good}\n", [command, "-m", folder.Model, "-i", "-", .. more]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(3), run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Rows, Has.Length.EqualTo(2));
            Assert.That(run.Rows[0].GetProperty("error").GetString(), Does.Contain(says));
            Assert.That(run.Rows[1].GetProperty("id").GetInt32(), Is.EqualTo(2));
            Assert.That(run.Rows[1].TryGetProperty("error", out _), Is.False);
        });
    }

    private static string[] Score(string model) => ["score", "-m", model, "-i", "-"];

    private static string[] Score(TinyFolder folder, TinyModel model) => Score(model.Write(folder["other"]));

    private static string[] Score(TinyFolder folder, string file, Func<byte[], byte[]>? change) =>
        Score(Path.GetDirectoryName(Spoil(folder, file, change))!);

    private static string[] Tokenize(string tokenizer) => ["tokenize", "--tokenizer", tokenizer, "-i", "-"];

    /// <summary>Changes a file of the model folder, or removes it.</summary>
    /// <returns>The file.</returns>
    private static string Spoil(TinyFolder folder, string file, Func<byte[], byte[]>? change)
    {
        string path = Path.Combine(folder.Model, file);
        if (change is null)
        {
            File.Delete(path);
        }
        else
        {
            byte[] before = File.ReadAllBytes(path);
            byte[] after = change([.. before]);
            Assert.That(after, Is.Not.EqualTo(before), "the change changes something");
            File.WriteAllBytes(path, after);
        }

        return path;
    }

    private static byte[] Flip(byte[] bytes, int index)
    {
        bytes[index] ^= 0x10;
        return bytes;
    }

    /// <summary>Replaces text in a file that may be binary.</summary>
    private static byte[] Replace(byte[] bytes, string from, string to) =>
        Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(bytes).Replace(from, to, StringComparison.Ordinal));

    private static TinyModel Rope(string type) => new()
    {
        Config = { ["rope_parameters"] = new JsonObject { ["rope_type"] = type, ["rope_theta"] = 10000.0, ["factor"] = 2.0 } },
    };

    /// <summary>A model whose tokenizer has two letters the other way round.</summary>
    private static string OtherTokenizer(TinyFolder folder)
    {
        string other = TinyTokenizer.Write(new TinyModel().Write(folder["other"]));
        string path = Path.Combine(other, "tokenizer.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"a\":4,\"b\":5", "\"a\":5,\"b\":4", StringComparison.Ordinal));
        return other;
    }

    /// <summary>An evaluation of the model against itself; options that are changed replace its own.</summary>
    private static string[] Eval(TinyFolder folder, params string[] change)
    {
        var options = new List<(string Name, string Value)>
        {
            ("--baseline", folder.Model), ("--model", folder.Model), ("--prompts", folder["prompts.jsonl"]),
        };
        options.RemoveAll(option => change.Contains(option.Name));
        return ["eval", .. options.SelectMany(option => new[] { option.Name, option.Value }), .. change];
    }

    private static string[] Ppo(TinyFolder folder, string yaml) => ["ppo", "-c", folder.Write("run.yaml", yaml)];

    private static string[] PpoWith(TinyFolder folder, string? prompts)
    {
        if (prompts is null)
        {
            File.Delete(folder["prompts.jsonl"]);
        }
        else
        {
            folder.Write("prompts.jsonl", prompts);
        }

        return Ppo(folder, Yaml);
    }

    private static string[] Occupied(TinyFolder folder)
    {
        Directory.CreateDirectory(folder["run", "model"]);
        return Ppo(folder, Yaml);
    }

    private static string Bomb() => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i =>
        $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
}
