using System.Text;
using System.Text.Json;
using Proximal.Cli;

namespace Proximal.Tests.Cli;

/// <summary>A command that ran in this process.</summary>
internal sealed record CliRun(int Code, string Output, string Error)
{
    /// <summary>The rows of standard output.</summary>
    public JsonElement[] Rows => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];

    public static CliRun Of(string input, params string[] arguments) => Of(Encoding.UTF8.GetBytes(input), arguments);

    public static CliRun Of(byte[] input, params string[] arguments) => Of(new MemoryStream(input), CancellationToken.None, arguments);

    public static CliRun Of(Stream input, CancellationToken interrupted, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var host = new CliHost { Input = input, Output = output, Error = TextWriter.Synchronized(error), Interrupted = interrupted };
        int code = Application.RunAsync(arguments, host).GetAwaiter().GetResult();
        return new CliRun(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
