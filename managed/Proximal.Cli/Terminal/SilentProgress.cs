namespace Proximal.Cli.Terminal;

/// <summary>Shows lines only.</summary>
internal sealed class SilentProgress(CliHost host) : IProgressView
{
    public void Report(double done, double? total, string text)
    {
    }

    public void Line(string text) => host.Log(text);
}
