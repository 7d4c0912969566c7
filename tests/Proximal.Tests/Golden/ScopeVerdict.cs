namespace Proximal.Tests.Golden;

/// <summary>Whether a case is run, and why not.</summary>
/// <param name="Status">Whether it is run.</param>
/// <param name="Reason">Of a rule: the issue that brings it, or what numerics.md says instead.</param>
/// <param name="Refusal">Of a model that is not read yet: what its refusal must name.</param>
internal sealed record ScopeVerdict(ScopeStatus Status, string Reason, string Refusal = "")
{
    public static ScopeVerdict Run { get; } = new(ScopeStatus.Run, "");
}
