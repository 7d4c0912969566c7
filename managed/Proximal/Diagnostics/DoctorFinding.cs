namespace Proximal.Diagnostics;

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Topic">What was looked at.</param>
/// <param name="Value">What was found.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Advice">What to do about it; <see langword="null"/>: nothing.</param>
public sealed record DoctorFinding(
    string Topic, string Value, DoctorSeverity Severity = DoctorSeverity.Information, string? Advice = null);
