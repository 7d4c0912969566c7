using Proximal.Rollouts;

namespace Proximal.Rewards;

/// <summary>Responses to score, with all that is known of each.</summary>
/// <remarks>
/// Letters: S responses, N tokens of all responses. Packed per-token arrays are [N]: those of response s are at
/// ResponseOffsets[s] .. ResponseOffsets[s + 1]. The batch belongs to the caller: do not change its arrays.
/// </remarks>
public sealed class RewardBatch
{
    /// <summary>Makes a batch.</summary>
    /// <param name="rows">The responses, at least one.</param>
    public RewardBatch(IReadOnlyList<RewardRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
        {
            throw new ArgumentException("Expected at least one response.", nameof(rows));
        }

        Rows = rows;
        int[] offsets = new int[rows.Count + 1];
        for (int s = 0; s < rows.Count; s++)
        {
            offsets[s + 1] = checked(offsets[s] + rows[s].ResponseTokens.Length);
        }

        ResponseOffsets = offsets;
    }

    /// <summary>The responses.</summary>
    public IReadOnlyList<RewardRow> Rows { get; }

    /// <summary>S, the number of responses.</summary>
    public int Count => Rows.Count;

    /// <summary>[S + 1]: 0, then the end of each response in packed per-token arrays.</summary>
    public IReadOnlyList<int> ResponseOffsets { get; }

    /// <summary>N, the tokens of all responses.</summary>
    public int ResponseTokenCount => ResponseOffsets[^1];

    /// <summary>Why each response ended.</summary>
    public IEnumerable<FinishReason> FinishReasons => Rows.Select(row => row.FinishReason);
}
