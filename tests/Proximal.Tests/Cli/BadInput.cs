namespace Proximal.Tests.Cli;

/// <summary>An input that is wrong in one way, and what the user has to be told.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Code">The exit code.</param>
/// <param name="Arrange">Breaks something in the folder and gives the arguments.</param>
/// <param name="Says">What the one message contains: what, where and the fix.</param>
internal sealed record BadInput(string Name, int Code, Func<TinyFolder, string[]> Arrange, params string[] Says)
{
    /// <summary>The row that standard input holds.</summary>
    public string Input { get; init; } = "{\"tokens\":[1,3]}";

    public override string ToString() => Name;
}
