namespace Proximal.Data;

/// <summary>What happens to a row whose tokens are more than its model or the options allow.</summary>
public enum TooLong
{
    /// <summary>The run stops and names the row.</summary>
    Refuse = 0,

    /// <summary>The row is left out and counted.</summary>
    Drop = 1,

    /// <summary>The end of the response is cut off; a row whose prompt leaves no room is refused.</summary>
    Cut = 2,
}
