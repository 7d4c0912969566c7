using System.Text.RegularExpressions;
using Proximal.ChatTemplates;
using Proximal.Configuration;
using Proximal.Data;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;

namespace Proximal.Cli;

/// <summary>What the user is told about a failure, and the exit code.</summary>
internal static partial class FailureReport
{
    private const string LoadFunction = "px_weights_load";

    /// <summary>The exit code and the message, one for each failure.</summary>
    public static (int Code, string Message) Of(Exception failure, bool interrupted) => failure switch
    {
        OperationCanceledException when interrupted => (ExitCode.Interrupted, "interrupted"),
        CommandException { Code: ExitCode.Interrupted } => (ExitCode.Interrupted, failure.Message),
        _ => (CodeOf(failure), $"error: {TextOf(failure)}"),
    };

    /// <summary>The message without the parts that only matter to a caller in code.</summary>
    public static string TextOf(Exception failure)
    {
        if (!IsExpected(failure))
        {
            return $"internal error ({failure.GetType().Name}): {failure.Message} Run again with --verbose and report the trace.";
        }

        string text = NativeFunction().Replace(failure.Message, string.Empty);
        return failure is ArgumentException ? ParameterSuffix().Replace(text, string.Empty) : text;
    }

    private static int CodeOf(Exception failure) => failure switch
    {
        CommandException command => command.Code,
        ConfigurationException { IsOverride: true } => ExitCode.Usage,
        ConfigurationException or ChatTemplateException or DataFileException or CheckpointException or ArgumentException => ExitCode.Data,
        ProximalException { Status: ProximalStatus.Io or ProximalStatus.CorruptData or ProximalStatus.Unsupported } => ExitCode.Data,
        ProximalException { Status: ProximalStatus.NotFinite, Function: LoadFunction } => ExitCode.Data,
        _ => ExitCode.Run,
    };

    private static bool IsExpected(Exception failure) => failure is CommandException or ConfigurationException
        or DataFileException or RewardException or RunFolderException or CheckpointException or ProximalException or ArgumentException or IOException
        or UnauthorizedAccessException or ChatTemplateException or DllNotFoundException or OperationCanceledException;

    [GeneratedRegex(@"^px_\w+: ")]
    private static partial Regex NativeFunction();

    [GeneratedRegex(@" \(Parameter '[^']*'\)(\r?\nActual value was .*)?$", RegexOptions.Singleline)]
    private static partial Regex ParameterSuffix();
}
