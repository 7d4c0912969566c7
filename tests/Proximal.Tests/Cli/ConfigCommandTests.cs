using System.Text.Json;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary><c>proximal config schema</c> and <c>proximal config explain</c>.</summary>
public sealed class ConfigCommandTests
{
    private static readonly string[] Stages = ["pretrain", "sft", "rm", "ppo", "eval"];

    [TestCaseSource(nameof(Stages))]
    public void The_schema_goes_to_standard_output_or_to_a_file(string stage)
    {
        using var folder = new Models.TemporaryFolder();
        CliRun printed = CliRun.Of(string.Empty, "config", "schema", stage);
        CliRun written = CliRun.Of(string.Empty, "config", "schema", stage, "--output", folder["schema.json"]);
        Assert.Multiple(() =>
        {
            Assert.That((printed.Code, printed.Error), Is.EqualTo((0, string.Empty)));
            Assert.That(JsonElement.Parse(printed.Output).GetProperty("title").GetString(), Is.EqualTo($"proximal {stage}"));
            Assert.That(written, Is.EqualTo(new CliRun(0, string.Empty, string.Empty)));
            Assert.That(File.ReadAllText(folder["schema.json"]), Is.EqualTo(printed.Output));
        });
    }

    [TestCaseSource(nameof(Stages))]
    public void All_keys_of_a_command_fit_eighty_columns(string stage)
    {
        CliRun run = CliRun.Of(string.Empty, "config", "explain", stage);
        Assert.Multiple(() =>
        {
            Assert.That((run.Code, run.Error), Is.EqualTo((0, string.Empty)));
            Assert.That(run.Output.Split('\n').Where(line => line.Length > 80), Is.Empty);
            Assert.That(run.Output.Split('\n').Where(line => line.EndsWith(' ')), Is.Empty);
            Assert.That(run.Output, Does.Contain("\nthreads                       a whole number [default: 0]\n"));
            Assert.That(run.Output, Does.Not.Contain('\u001b'));
        });
    }

    [Test]
    public void A_key_is_explained_with_all_that_is_known_of_it()
    {
        CliRun run = CliRun.Of(string.Empty, "config", "explain", "ppo", "ppo.actor.schedule");
        Assert.That(run, Is.EqualTo(new CliRun(
            0,
            """
            ppo.actor.schedule (proximal ppo)

            How the learning rate falls after the warm-up.

              type       one of linear, constant, cosine
              default    linear
              values     linear: In a straight line to 0 at the end of the run.
                         constant: Not at all.
                         cosine: Along half a cosine to 0 at the end of the run.
              resume     must be as it was when a run is resumed
              example    ppo: {actor: {schedule: linear}}
                         --set ppo.actor.schedule=linear

            """.ReplaceLineEndings("\n"),
            string.Empty)));
    }

    [TestCase("rewards[2].timeout_seconds", "rewards[].timeout_seconds (proximal ppo; type: http)", "may change when a run is resumed", "rewards: [{type: http, timeout_seconds: 30}]")]
    [TestCase("ppo.steps", "may change when a run is resumed, if no learning rate depends", "ppo: {steps: 100}", "--set ppo.steps=100")]
    [TestCase("model", "a single value is its path: `model: PATH`", "path, init, seed", "proximal eval")]
    [TestCase("rewards", "type, name, weight, and those of its type")]
    [TestCase("rewards[].type", "values     model: ", "exact_answer: ")]
    [TestCase("rewards[].weight", "rewards: [{type: lexicon, weight: 1}]")]
    [TestCase("rewards[].path", "type: model)", "type: lexicon)")]
    [TestCase("seed", "seed (proximal pretrain, sft, rm, ppo)")]
    [TestCase("learning_rate", "ppo.actor.learning_rate (proximal ppo)", "rm.optimizer.learning_rate (proximal rm)")]
    [TestCase("kl.target", "ppo.kl.target (proximal ppo)", "default    6\n")]
    public void A_key_is_found_without_its_command_and_by_its_end(string key, params string[] says)
    {
        CliRun run = CliRun.Of(string.Empty, "config", "explain", key);
        Assert.Multiple(() =>
        {
            Assert.That((run.Code, run.Error), Is.EqualTo((0, string.Empty)));
            foreach (string text in says)
            {
                Assert.That(run.Output, Does.Contain(text));
            }
        });
    }

    [Test]
    public void Without_a_command_they_are_listed() =>
        Assert.That(CliRun.Of(string.Empty, "config", "explain").Output, Does.Contain("\n  sft       ").And.Contain("\n  eval      "));

    [Test]
    public void Programs_get_json()
    {
        JsonElement keys = JsonElement.Parse(CliRun.Of(string.Empty, "config", "explain", "ppo", "--json").Output);
        JsonElement steps = keys.EnumerateArray().Single(key => key.GetProperty("key").GetString() == "ppo.steps");
        Assert.Multiple(() =>
        {
            Assert.That(steps.GetProperty("default").GetString(), Is.EqualTo("100"));
            Assert.That(steps.GetProperty("changeable_on_resume").GetBoolean(), Is.True);
            Assert.That(steps.GetProperty("commands")[0].GetString(), Is.EqualTo("ppo"));
        });
    }

    [TestCase("error: 'ppo.kl.targt' is no key of `proximal ppo`; did you mean 'ppo.kl.target'?\n", "explain", "ppo", "ppo.kl.targt")]
    [TestCase("error: 'kl.targt' is no key of `proximal ppo`; did you mean 'kl.target'?\n", "explain", "ppo", "kl.targt")]
    [TestCase("error: 'learning_rat' is a key of no command; did you mean 'learning_rate'?\n", "explain", "learning_rat")]
    [TestCase("error: 'qqqqqqq' is a key of no command; see `proximal config explain COMMAND`\n", "explain", "qqqqqqq")]
    [TestCase("error: 'pppo' reads no YAML file; did you mean 'ppo'?\n", "explain", "pppo", "seed")]
    [TestCase("error: 'chat' reads no YAML file; use one of: pretrain, sft, rm, ppo, eval\n", "schema", "chat")]
    [TestCase("error: no command given.\nSee `proximal config --help`.\n")]
    public void Unknown_names_get_the_nearest(string says, params string[] arguments) =>
        Assert.That(CliRun.Of(string.Empty, ["config", .. arguments]), Is.EqualTo(new CliRun(2, string.Empty, says)));

    [Test]
    public void A_file_that_cannot_be_written_is_named()
    {
        CliRun run = CliRun.Of(string.Empty, "config", "schema", "ppo", "--output", "/absent/schema.json");
        Assert.That((run.Code, run.Error), Is.EqualTo((2, run.Error)));
        Assert.That(run.Error, Does.StartWith("error: --output /absent/schema.json: cannot be written").And.Contain("name a file in a folder that exists"));
    }
}
