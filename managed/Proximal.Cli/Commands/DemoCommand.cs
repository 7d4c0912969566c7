using System.CommandLine;
using Proximal.Cli.Terminal;
using Proximal.WarmStories;

namespace Proximal.Cli.Commands;

/// <summary><c>proximal demo</c>: the whole pipeline on the embedded model and data.</summary>
internal static class DemoCommand
{
    private const string Description =
        "Teach a small model to write warm stories: the whole pipeline in some minutes, nothing to download.\n\n"
        + "Fine-tunes the base model that ships with the program, trains a reward model and a judge from preference pairs, does PPO once with the "
        + "fine-tuned and once with the base model as reference, evaluates all of them on prompts that none was trained on, and writes a report for "
        + "people who know nothing of it. The folder gets a run folder for every part (sft, reward-model, judge, ppo, ppo-base-reference), eval*, "
        + "summary.json, report.html and report.md. Standard output gets ten lines, two stories side by side and, as its last line, the report's path.\n\n"
        + "Ctrl-C ends the run under way at its last committed step, with a checkpoint; --resume goes on from there and gives the same models. Without "
        + "--out the folder is runs/demo, or runs/demo-2 and so on where that is taken; with --resume the last of them.";

    public static Command Create(CliHost host, Option<bool> verbose)
    {
        var output = new Option<string?>("--out", "-o") { Description = "The folder for everything. [default: runs/demo]", HelpName = "DIR" };
        Option<ulong> seed = NumberOption.Seed("--seed", "Decides everything that is drawn at random.", 1);
        Option<int> threads = NumberOption.Whole("--threads", "Threads to compute with; 0 chooses.", 0, 0, EngineOptions.MaxThreads);
        var resume = new Option<bool>("--resume") { Description = "Go on with the demo in the folder." };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "No progress on standard error; the line of each part stays." };
        var command = new Command("demo", Description) { output, seed, threads, resume, quiet };
        command.SetAction(async (parsed, cancellation) =>
        {
            bool goesOn = parsed.GetValue(resume);
            string folder = parsed.GetValue(output) ?? DemoPlace.Find(goesOn);
            var options = new DemoOptions { Output = folder, Seed = parsed.GetValue(seed), Threads = parsed.GetValue(threads) };
            DemoResult result = await Progress.RunAsync(
                host,
                parsed.GetValue(quiet) ? ProgressStyle.None : ProgressStyle.Bar,
                view => GuardAsync(folder, parsed.GetValue(seed), () =>
                {
                    var demo = new Demo(options, new ErrorLogger(view.Line, parsed.GetValue(verbose), except: Runs.PpoRun.StepWarning));
                    var progress = new DemoView(view);
                    return goesOn ? demo.ResumeAsync(progress, cancellation) : demo.RunAsync(progress, cancellation);
                })).ConfigureAwait(false);
            host.Print(DemoView.Conclusion(result));
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<T> GuardAsync<T>(string folder, ulong seed, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (OperationCanceledException interruption)
        {
            throw new CommandException(
                ExitCode.Interrupted,
                $"interrupted; what is done stays in {folder}; go on with: proximal demo --out {folder} --seed {seed} --resume",
                interruption);
        }
        catch (Runs.RunFolderException failure)
        {
            throw new CommandException(ExitCode.Data, $"--out: {failure.Message}", failure);
        }
    }
}
