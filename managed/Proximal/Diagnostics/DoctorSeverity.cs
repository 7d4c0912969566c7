namespace Proximal.Diagnostics;

/// <summary>How much a finding matters.</summary>
public enum DoctorSeverity
{
    /// <summary>Worth knowing.</summary>
    Information = 0,

    /// <summary>It works, but slower or otherwise than it could.</summary>
    Warning = 1,

    /// <summary>Something does not work.</summary>
    Error = 2,
}
