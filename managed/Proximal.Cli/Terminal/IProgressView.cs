namespace Proximal.Cli.Terminal;

/// <summary>Shows how far a long piece of work is.</summary>
internal interface IProgressView
{
    /// <summary>Says where the work is.</summary>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; <see langword="null"/>: unknown.</param>
    /// <param name="text">What is under way, short.</param>
    void Report(double done, double? total, string text);

    /// <summary>Prints a line above the progress.</summary>
    void Line(string text);
}
