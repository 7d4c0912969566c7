using Proximal.Runs;

namespace Proximal.Cli.Commands;

/// <summary>What the user is told of a run that was interrupted: where it stands and how to go on.</summary>
internal static class Interruption
{
    /// <summary>Does the work of a run; an interruption becomes exit code 130 with what to do.</summary>
    /// <param name="command">The command line that would begin the run again, without --resume.</param>
    /// <param name="work">The run.</param>
    public static async Task<T> GuardAsync<T>(string command, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (RunInterruptedException interruption)
        {
            throw new CommandException(ExitCode.Interrupted, TextOf(interruption, command), interruption);
        }
    }

    private static string TextOf(RunInterruptedException interruption, string command) => interruption switch
    {
        { Step: 0 } => "interrupted before the first step was committed",
        { Checkpoint: null } =>
            $"interrupted after step {interruption.Step}, whose checkpoint could not be written; "
            + $"go on from the one before it with: {command} --resume",
        _ => $"interrupted after step {interruption.Step}; its checkpoint is {interruption.Checkpoint}; "
            + $"go on with: {command} --resume",
    };
}
