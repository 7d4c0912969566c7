namespace Proximal.Runs;

/// <summary>What happens to rows that cannot be used, such as one whose answer is empty.</summary>
public enum UnusableRows
{
    /// <summary>The run stops and names the first one.</summary>
    Refuse = 0,

    /// <summary>They are left out and counted, and the first one is named.</summary>
    Drop = 1,
}
