namespace Proximal.Data.Checking;

/// <summary>How bad a problem is.</summary>
public enum DataSeverity
{
    /// <summary>A run can use the file, but the data say less, or something else, than they seem to.</summary>
    Warning = 0,

    /// <summary>A run refuses the row, or what it measures would be wrong.</summary>
    Error = 1,
}
