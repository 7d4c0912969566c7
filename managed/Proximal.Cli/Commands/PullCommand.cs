using System.CommandLine;
using System.Diagnostics;
using Proximal.Cli.Models;
using Proximal.Cli.Terminal;
using Proximal.Hub;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal pull</c>: a model from a hub.</summary>
internal static class PullCommand
{
    private const string Description =
        "Download a model from a Hugging Face-compatible hub into the cache that huggingface_hub uses.\n\n"
        + "Other commands then take ORG/NAME or ORG/NAME@REVISION for a model's path. What is there already is not asked for again; a download that was cut goes on where it "
        + "ended; every file is checked against the hub's hash. Files of other frameworks (.bin, .pth, .h5, .onnx ...) are left out where there are safetensors or GGUF files, "
        + "unless --include names them.\n\n"
        + "The environment decides as for huggingface_hub: HF_ENDPOINT, HF_TOKEN (or the token file of `hf auth login`), HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE. "
        + "The token goes to the endpoint alone, never to hosts that it redirects to, and into no message and no file.\n\n"
        + "The last line of standard output is the folder of the snapshot. Examples:\n"
        + "  proximal pull HuggingFaceTB/SmolLM2-135M-Instruct\n"
        + "  proximal pull org/model@v1.0 --include '*.json' '*Q8_0.gguf'";

    public static Command Create(CliHost host)
    {
        var model = new Argument<string>("MODEL") { Description = "ORG/NAME, or ORG/NAME@REVISION: a branch, a tag or a commit." };
        Option<string[]> include = Patterns("--include", "Take only files that match: * is any text, ? one character, [abc] one of several, FOLDER/ all in it.");
        Option<string[]> exclude = Patterns("--exclude", "Leave out files that match.");
        var endpoint = new Option<string?>("--endpoint") { Description = "The hub's address. [default: HF_ENDPOINT, else https://huggingface.co]", HelpName = "URL" };
        var offline = new Option<bool>("--offline") { Description = "Ask nothing of the network: say where the model is in the cache." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error." };
        var command = new Command("pull", Description) { model, include, exclude, endpoint, offline, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            HubRepository repository;
            HubSettings settings;
            HubFilter filter;
            try
            {
                repository = HubRepository.Parse(parsed.GetValue(model)!);
                settings = HubSettings.Read(parsed.GetValue(endpoint));
                filter = new HubFilter(parsed.GetValue(include)!, parsed.GetValue(exclude)!);
            }
            catch (ArgumentException wrong)
            {
                throw new CommandException(ExitCode.Usage, FailureReport.TextOf(wrong));
            }

            var pull = new HubPull(parsed.GetValue(offline) ? settings with { Offline = true } : settings, repository, filter);
            string folder = await Progress.RunAsync(
                host,
                parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar,
                view => Task.Run(() => pull.RunAsync(Shown(view), view.Line, cancellation), cancellation)).ConfigureAwait(false);
            host.Print(folder + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    private static Option<string[]> Patterns(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "GLOB",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    private static Action<HubProgress> Shown(IProgressView view)
    {
        var clock = Stopwatch.StartNew();
        long first = -1;
        var gate = new Lock();
        return progress =>
        {
            lock (gate)
            {
                first = first < 0 ? progress.DoneBytes : first;
                long rate = (long)((progress.DoneBytes - first) / Math.Max(0.5, clock.Elapsed.TotalSeconds));
                view.Report(
                    progress.DoneBytes,
                    progress.TotalBytes,
                    $"{progress.DoneFiles} of {progress.TotalFiles} files, {ByteCount.Text(progress.DoneBytes)} of {ByteCount.Text(progress.TotalBytes)}, {ByteCount.Text(Math.Max(0, rate))}/s");
            }
        };
    }
}
