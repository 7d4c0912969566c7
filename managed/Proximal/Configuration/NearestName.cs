namespace Proximal.Configuration;

/// <summary>Finds what a mistyped name was probably meant to be.</summary>
internal static class NearestName
{
    private const int LongestTypo = 64;

    /// <summary>The closest of the names, or <see langword="null"/> when none is close.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        if (name.Length > LongestTypo)
        {
            return null;
        }

        int limit = Math.Max(2, name.Length / 3);
        return candidates
            .Select(candidate => (Name: candidate, Distance: Distance(name, candidate)))
            .Where(candidate => candidate.Distance <= limit && candidate.Distance < candidate.Name.Length)
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>"did you mean 'x'?" where one is close, else the list of all names.</summary>
    public static string Advice(string name, IReadOnlyCollection<string> candidates) => Find(name, candidates) is { } nearest
        ? $"did you mean '{nearest}'?"
        : $"use one of: {string.Join(", ", candidates)}";

    /// <summary>Insertions, deletions, replacements and swaps of neighbours between two names.</summary>
    private static int Distance(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                cost[i, j] = i == 0 || j == 0 ? i + j : Step(a, b, i, j, cost);
            }
        }

        return cost[a.Length, b.Length];
    }

    private static int Step(string a, string b, int i, int j, int[,] cost)
    {
        bool same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
        int best = Math.Min(cost[i - 1, j - 1] + (same ? 0 : 1), Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
        bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        return swapped ? Math.Min(best, cost[i - 2, j - 2] + 1) : best;
    }
}
