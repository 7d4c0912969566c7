using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.Evaluation;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal eval</c>: is the model better than the baseline?</summary>
internal static class EvalCommand
{
    private const string Description =
        "Compare a model with a baseline on the same prompts.\n\n"
        + "Both models answer every prompt with the same random numbers, and the same rewards score them. Printed are the mean rewards and their "
        + "difference, win rate (a tie is half a win) plain and with length taken out, the judge's opinion, KL to the baseline, length, variety, "
        + "repetition and how often a sensitive prompt gets a toxic answer; in brackets 95 % intervals over prompts (bootstrap).\n\n"
        + "Rewards are those of a PPO run, from the list `rewards` of the YAML file or --set 'rewards=[{type: lexicon}]'. Without rewards there is no "
        + "win rate. With --output the folder gets eval.html, eval.md, eval.json, pairs.jsonl and config.yaml; `proximal judge FOLDER` then asks people.\n\n"
        + "The YAML keys: baseline, model, tokenizer, chat_template (for prompts of messages), prompts {path, field}, rewards, judge (one reward), references {NAME: PATH} (further models to "
        + "measure the distance to), evaluation {samples, max_new_tokens, sampling, "
        + "stop_token_ids, resamples, toxicity_samples, seed, ...}, output, overwrite, threads.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var arguments = new ConfigurationArguments();
        Option<string?> baseline = arguments.Text("--baseline", "baseline", "PATH", "What the model is measured against: a Hugging Face folder or a llama2.c .bin file.");
        Option<string?> model = arguments.Text("--model", "model", "PATH", "The model: a Hugging Face folder or a llama2.c .bin file.");
        Option<string?> prompts = arguments.Text("--prompts", "prompts.path", "FILE", "The prompts, .jsonl or .txt; best some that neither model was trained on.");
        arguments.Add(
            new Option<string?>("--judge") { Description = "A reward model's folder for a second opinion.", HelpName = "PATH" },
            "judge",
            path => path is null ? null : $"{{type: model, path: {ConfigurationArguments.Quote(path)}}}");
        arguments.Text("--output", "output", "DIR", "Write eval.html, eval.md, eval.json and pairs.jsonl into this folder.");
        var json = new Option<bool>("--json") { Description = "Print the figures as JSON instead of a table." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error." };
        var command = new Command("eval", Description) { json, quiet };
        arguments.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(arguments.File) is null && new Option[] { baseline, model, prompts }.FirstOrDefault(option => result.GetResult(option) is null) is { } missing)
            {
                result.AddError($"Option '{missing.Name}' is required, unless a file is given with --config.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            EvaluationRunOptions options = arguments.Bind<EvaluationRunOptions>(parsed);
            EvaluationArguments.RequireInputs(options);
            EvaluationReport report = await Progress.RunAsync(
                host,
                parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar,
                view => new EvaluationRun(options, new ErrorLogger(view.Line, parsed.GetValue(verbose))).RunAsync(new EvaluationView(view), cancellation)).ConfigureAwait(false);
            host.Print(parsed.GetValue(json) ? EvaluationJson.Write(report) : Text(host, report, options));
            return ExitCode.Success;
        });
        return command;
    }

    private static string Text(CliHost host, EvaluationReport report, EvaluationRunOptions options)
    {
        string table = TextTable.Render(host, EvaluationTable.Header(report), EvaluationTable.Rows(report.Result));
        string page = options.Output is { } output ? $"\n{Path.Combine(options.Resolve(output), EvaluationFolder.HtmlFile)}\n" : string.Empty;
        return $"{table}\n{string.Join(' ', EvaluationStory.Sentences(report.Result))}\n{page}";
    }
}
