using System.Text.Json;
using NUnit.Framework;
using Proximal.Models;
using Proximal.Rollouts;

namespace Proximal.Tests.Cli;

public sealed class GenerateCommandTests
{
    private static readonly string[] ResponseFields = ["tokens", "text", "logprobs", "finish_reason"];
    private TinyFolder _tiny = null!;

    [OneTimeSetUp]
    public void Write_the_model() => _tiny = new TinyFolder();

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [Test]
    public void A_row_gets_what_the_librarys_generator_draws_for_its_sample_id()
    {
        using var engine = new Engine();
        using LanguageModel model = LanguageModel.Load(engine, _tiny.Model);
        using var generator = new Generator(model, new GeneratorOptions { Seed = 5 });
        Generation expected = generator.Generate([new GenerationRequest
        {
            SampleId = 1 << 16,
            Prompt = [1, 3, 4],
            MaxNewTokens = 9,
            StopTokens = [TinyTokenizer.End],
            Sampling = new SamplingOptions { Temperature = 0.7, TopK = 12, TopP = 0.95, MinP = 0.01 },
        }])[0];
        CliRun run = Generate(
            "{\"tokens\":[1]}\n{\"id\":\"x\",\"prompt\":\"a\"}\n",
            "--max-new-tokens", "9", "--temperature", "0.7", "--top-k", "12", "--top-p", "0.95", "--min-p", "0.01", "--seed", "5");
        JsonElement row = run.Rows[1];
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Error, Is.Empty);
            Assert.That(row.EnumerateObject().Select(field => field.Name), Is.EqualTo((string[])["id", "prompt_tokens", .. ResponseFields]));
            Assert.That(Ints(row, "prompt_tokens"), Is.EqualTo(expected.Prompt));
            Assert.That(Ints(row, "tokens"), Is.EqualTo(expected.Tokens));
            Assert.That(row.GetProperty("logprobs").GetArrayLength(), Is.EqualTo(expected.Tokens.Length));
        });
    }

    [Test]
    public void What_is_drawn_depends_on_neither_batch_nor_neighbours()
    {
        string rows = string.Concat(Enumerable.Range(0, 40).Select(i => $"{{\"id\":{i},\"tokens\":[1,{3 + (i % 20)}]}}\n"));
        string[] options = ["--max-new-tokens", "12", "--seed", "3"];
        CliRun wide = Generate(rows, options);
        CliRun narrow = Generate(rows, [.. options, "--max-batch", "3"]);
        CliRun fewer = Generate(rows[..rows.IndexOf("{\"id\":7,", StringComparison.Ordinal)], options);
        Assert.Multiple(() =>
        {
            Assert.That(wide.Rows.Select(row => row.GetProperty("id").GetInt32()), Is.EqualTo(Enumerable.Range(0, 40)));
            Assert.That(narrow.Rows.Select(Tokens), Is.EqualTo(wide.Rows.Select(Tokens)));
            Assert.That(fewer.Rows.Select(Tokens), Is.EqualTo(wide.Rows.Take(7).Select(Tokens)));
            Assert.That(wide.Rows.Select(Tokens).Distinct().Count(), Is.GreaterThan(30));
        });
    }

    [Test]
    public void Several_samples_stand_in_a_list_and_the_first_is_the_one_of_a_single_sample()
    {
        CliRun one = Generate("{\"tokens\":[1,4]}", "--max-new-tokens", "8");
        CliRun three = Generate("{\"tokens\":[1,4]}", "--max-new-tokens", "8", "--n", "3");
        JsonElement[] samples = [.. three.Rows.Single().GetProperty("samples").EnumerateArray()];
        Assert.Multiple(() =>
        {
            Assert.That(
                three.Rows.Single().EnumerateObject().Select(field => field.Name), Is.EqualTo(new[] { "id", "prompt_tokens", "samples" }));
            Assert.That(samples, Has.Length.EqualTo(3));
            Assert.That(samples[0].EnumerateObject().Select(field => field.Name), Is.EqualTo(ResponseFields));
            Assert.That(Tokens(samples[0]), Is.EqualTo(Tokens(one.Rows.Single())));
            Assert.That(samples.Select(Tokens).Distinct().Count(), Is.EqualTo(3));
        });
    }

    [Test]
    public void The_stop_token_ends_the_response_is_its_last_token_and_not_in_its_text()
    {
        string[] greedy = ["--max-new-tokens", "6", "--temperature", "0", "--stop-token-ids"];
        JsonElement free = Generate("{\"tokens\":[1,4]}", [.. greedy, "0"]).Rows.Single();
        int first = Ints(free, "tokens")[0];
        JsonElement stopped = Generate("{\"tokens\":[1,4]}", [.. greedy, $"0,{first}"]).Rows.Single();
        Assert.Multiple(() =>
        {
            Assert.That(Ints(free, "tokens"), Has.Length.EqualTo(6));
            Assert.That(free.GetProperty("finish_reason").GetString(), Is.EqualTo("length"));
            Assert.That(Ints(stopped, "tokens"), Is.EqualTo(new[] { first }));
            Assert.That(stopped.GetProperty("finish_reason").GetString(), Is.EqualTo("stop"));
            Assert.That(stopped.GetProperty("text").GetString(), Is.Empty);
        });
    }

    [Test]
    public void The_models_own_stop_tokens_count_unless_others_are_given()
    {
        string rows = string.Concat(Enumerable.Repeat("{\"tokens\":[1]}\n", 60));
        string[] options = ["--max-new-tokens", "40", "--temperature", "2"];
        CliRun own = Generate(rows, options);
        CliRun other = Generate(rows, [.. options, "--stop-token-ids", $"{TinyTokenizer.Space}"]);
        Assert.That(LastOfStopped(own), Is.EqualTo(new[] { TinyTokenizer.End }));
        Assert.That(LastOfStopped(other), Is.EqualTo(new[] { TinyTokenizer.Space }));
    }

    [Test]
    public void The_text_goes_on_where_the_prompt_ended()
    {
        CliRun run = Generate("{\"prompt\":\"ab\"}", "--max-new-tokens", "8", "--seed", "4");
        JsonElement row = run.Rows.Single();
        string whole = CliRun.Of(
            $"{{\"ids\":[{string.Join(',', Ints(row, "prompt_tokens").Concat(Ints(row, "tokens")))}]}}",
            "tokenize", "-m", _tiny.Model, "-i", "-", "--decode", "--no-special").Rows.Single().GetProperty("text").GetString()!;
        Assert.That("ab" + row.GetProperty("text").GetString(), Is.EqualTo(whole));
    }

    [Test]
    public void Without_a_tokenizer_tokens_still_work_and_the_text_is_null()
    {
        File.Move(Path.Combine(_tiny.Model, "tokenizer.json"), _tiny["tokenizer.json"]);
        try
        {
            CliRun run = Generate("{\"tokens\":[1,4]}\n{\"prompt\":\"a\"}", "--max-new-tokens", "2");
            Assert.That(run.Rows[0].GetProperty("text").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(run.Rows[1].GetProperty("error").GetString(), Does.Contain("has no tokenizer.json: give --tokenizer"));
            CliRun given = Generate("{\"prompt\":\"a\"}", "--max-new-tokens", "2", "--tokenizer", _tiny["tokenizer.json"]);
            Assert.That(given.Code, Is.Zero, given.Error);
        }
        finally
        {
            File.Move(_tiny["tokenizer.json"], Path.Combine(_tiny.Model, "tokenizer.json"));
        }
    }

    [Test]
    public void An_interruption_ends_responses_that_would_run_long()
    {
        using var interruption = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        string rows = string.Concat(Enumerable.Repeat("{\"tokens\":[1,4]}\n", 20_000));
        using var input = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(rows));
        CliRun run = CliRun.Of(input, interruption.Token, "generate", "-m", _tiny.Model, "-i", "-", "--max-new-tokens", "60");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(130));
            Assert.That(run.Error, Does.EndWith("interrupted\n"));
            Assert.That(run.Rows, Has.Length.LessThan(20_000));
        });
    }

    /// <summary>The tokens that end the responses which a stop token ended, each once.</summary>
    private static int[] LastOfStopped(CliRun run) => [.. run.Rows
        .Where(row => row.GetProperty("finish_reason").GetString() == "stop")
        .Select(row => Ints(row, "tokens")[^1])
        .Distinct()];

    private static int[] Ints(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];

    private static string Tokens(JsonElement row) => row.GetProperty("tokens").GetRawText();

    private CliRun Generate(string rows, params string[] options) =>
        CliRun.Of(rows, ["generate", "-m", _tiny.Model, "-i", "-", .. options]);
}
