namespace Proximal.Diagnostics;

/// <summary>Everything the doctor found, in the order it looked.</summary>
/// <param name="Findings">The findings.</param>
public sealed record DoctorReport(IReadOnlyList<DoctorFinding> Findings)
{
    /// <summary>Nothing is broken; there may be warnings.</summary>
    public bool Healthy => Findings.All(finding => finding.Severity != DoctorSeverity.Error);

    /// <summary>The findings about one topic.</summary>
    /// <param name="topic">The topic.</param>
    public IEnumerable<DoctorFinding> About(string topic) => Findings.Where(finding => finding.Topic == topic);
}
