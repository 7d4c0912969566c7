using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary>What the user is told of a run that was interrupted: where it stands and how to go on.</summary>
internal static class Interruption
{
    /// <summary>Does the work of a run; an interruption becomes exit code 130 with what to do.</summary>
    /// <param name="command">The command, such as <c>ppo</c>.</param>
    /// <param name="file">The YAML file.</param>
    /// <param name="work">The run.</param>
    public static async Task<T> GuardAsync<T>(string command, string file, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (RunInterruptedException interruption)
        {
            throw new CommandException(ExitCode.Interrupted, TextOf(interruption, command, file), interruption);
        }
    }

    private static string TextOf(RunInterruptedException interruption, string command, string file) => interruption switch
    {
        { Step: 0 } => "interrupted before the first step was committed",
        { Checkpoint: null } =>
            $"interrupted after step {interruption.Step}, whose checkpoint could not be written; "
            + $"go on from the one before it with: proximal {command} -c {file} --resume",
        _ => $"interrupted after step {interruption.Step}; its checkpoint is {interruption.Checkpoint}; "
            + $"go on with: proximal {command} -c {file} --resume",
    };
}
