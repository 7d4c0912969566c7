using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Proximal.Cli.Terminal;
using Proximal.Evaluation;
using Proximal.Evaluation.Judging;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal judge</c>: blind votes of a person.</summary>
internal static class JudgeCommand
{
    private static readonly JudgeQuestion[] Each =
        [JudgeQuestion.Helpfulness, JudgeQuestion.Safety, JudgeQuestion.Fluency, JudgeQuestion.Instruction];

    private const string Description =
        "Vote on pairs of responses without knowing which model wrote which.\n\n"
        + "Give the folder of an evaluation (`proximal eval --output DIR`), or two models and --prompts and --output: then both answer the prompts first, "
        + "the first model is the baseline. Pairs come in random order and each with its two responses in random order. Asked is which one helps more, "
        + "is safer, reads better and does more of what the prompt asks, or with --overall only which is better.\n\n"
        + "Answers are lines on standard input: 1, 2, = (neither), s (skip the pair), q (stop). Votes go to votes.jsonl in the folder as they are given; "
        + "run the command again to go on. At the end standard output gets the share of votes for the model, a tie as half a vote, with Wilson's 95 % interval.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var paths = new Argument<string[]>("PATH") { Description = "An evaluation folder, or the baseline and the model.", Arity = new ArgumentArity(1, 2) };
        var arguments = new ConfigurationArguments();
        Option<string?> prompts = arguments.Text("--prompts", "prompts.path", "FILE", "The prompts, .jsonl or .txt (with two models).");
        Option<string?> output = arguments.Text("--output", "output", "DIR", "The folder for responses and votes (with two models).");
        var overall = new Option<bool>("--overall") { Description = "One question a pair: which response is better." };
        Option<ulong> seed = NumberOption.Seed("--seed", "Picks the order of the pairs and which response comes first.");
        var json = new Option<bool>("--json") { Description = "Print the result as JSON instead of a table." };
        var command = new Command("judge", Description) { paths, overall, seed, json };
        arguments.AddTo(command);
        command.Validators.Add(result =>
        {
            bool models = result.GetValue(paths)?.Length == 2;
            if (new Option[] { prompts, output }.FirstOrDefault(option => (result.GetResult(option) is not null) != models) is { } option)
            {
                result.AddError(models ? $"Option '{option.Name}' is required with two models." : $"Option '{option.Name}' goes with two models: a folder has its responses already.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string[] given = parsed.GetValue(paths)!;
            string folder = given.Length == 1
                ? given[0]
                : await RespondAsync(host, arguments, parsed, given, parsed.GetValue(output)!, parsed.GetValue(verbose), cancellation).ConfigureAwait(false);
            IReadOnlyList<EvaluationPair> pairs = EvaluationFolder.ReadPairs(folder);
            using var votes = VoteFile.Open(folder);
            var session = new JudgeSession(pairs, votes, parsed.GetValue(overall) ? [JudgeQuestion.Overall] : Each, parsed.GetValue(seed));
            int before = votes.Votes.Count;
            try
            {
                using var dialog = new JudgeDialog(host, session);
                await dialog.RunAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException failure) when (cancellation.IsCancellationRequested)
            {
                throw new CommandException(
                    ExitCode.Interrupted, $"interrupted after {votes.Votes.Count - before} votes, which {folder} keeps; run the command again to go on", failure);
            }

            host.Print(parsed.GetValue(json) ? Json(session) : Text(host, session));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Lets both models answer, unless the folder has their responses from an earlier session.</summary>
    private static async Task<string> RespondAsync(
        CliHost host, ConfigurationArguments arguments, ParseResult parsed, string[] models, string output, bool verbose, CancellationToken cancellation)
    {
        if (File.Exists(Path.Combine(output, EvaluationFolder.PairsFile)))
        {
            host.Log($"{output} has responses already: going on with them.");
            return output;
        }

        EvaluationRunOptions options = arguments.Bind<EvaluationRunOptions>(
            parsed,
            $"baseline={ConfigurationArguments.Quote(models[0])}",
            $"model={ConfigurationArguments.Quote(models[1])}",
            "evaluation.samples=1",
            "evaluation.toxicity_samples=0");
        EvaluationArguments.RequireInputs(options);
        await Progress.RunAsync(
            host,
            ProgressStyle.Bar,
            view => new EvaluationRun(options, new ErrorLogger(view.Line, verbose)).RunAsync(new EvaluationView(view), cancellation)).ConfigureAwait(false);
        return output;
    }

    private static string Text(CliHost host, JudgeSession session)
    {
        string table = TextTable.Render(
            host,
            ["question", "model", "tie", "baseline", "share for the model"],
            session.Preferences.Select(preference => (IReadOnlyList<string>)
            [
                NameOf(preference.Question),
                Count(preference.Model),
                Count(preference.Ties),
                Count(preference.Baseline),
                preference.Votes > 0 ? EvaluationTable.Percent(preference.Share) : "no votes",
            ]));
        return string.Create(CultureInfo.InvariantCulture, $"{table}\n{session.Done} of {session.Pairs} pairs judged; in brackets: 95 % intervals (Wilson).\n");
    }

    private static string Json(JudgeSession session) => new JsonObject
    {
        ["pairs"] = session.Pairs,
        ["judged"] = session.Done,
        ["identical"] = session.Identical,
        ["questions"] = new JsonObject(session.Preferences.Select(preference => KeyValuePair.Create(NameOf(preference.Question), (JsonNode?)Json(preference)))),
    }.ToJsonString() + "\n";

    private static JsonObject Json(Preference preference) => new()
    {
        ["model"] = preference.Model,
        ["ties"] = preference.Ties,
        ["baseline"] = preference.Baseline,
        ["share"] = Number(preference.Share.Value),
        ["low"] = Number(preference.Share.Low),
        ["high"] = Number(preference.Share.High),
    };

    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static string NameOf(JudgeQuestion question) => JsonNamingPolicy.SnakeCaseLower.ConvertName(question.ToString());

    private static string Count(int votes) => votes.ToString(CultureInfo.InvariantCulture);
}
