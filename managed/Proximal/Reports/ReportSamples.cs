namespace Proximal.Reports;

/// <summary>The responses that a report shows.</summary>
/// <param name="Pairs">An early response beside a late one.</param>
/// <param name="SamePrompt">The two of a pair answer the same prompt.</param>
/// <param name="Last">Responses of the last step, from the best score to the worst.</param>
internal sealed record ReportSamples(IReadOnlyList<(RunSample Early, RunSample Late)> Pairs, bool SamePrompt, IReadOnlyList<RunSample> Last)
{
    /// <summary>Chooses responses of a run. Which prompts are paired does not depend on any score.</summary>
    /// <param name="file">The run's samples.</param>
    /// <param name="pairs">The most pairs.</param>
    /// <param name="last">The most responses of the last step; at least 2.</param>
    public static ReportSamples Choose(SampleFile file, int pairs, int last)
    {
        var ends = new OrderedDictionary<ulong, (SampleRow First, SampleRow Last)>();
        var first = new List<SampleRow>();
        var final = new List<SampleRow>();
        foreach (SampleRow row in file.Rows())
        {
            ends[row.Prompt] = ends.TryGetValue(row.Prompt, out (SampleRow First, SampleRow Last) both) ? (both.First, row) : (row, row);
            if (first.Count == 0 || first[0].Step == row.Step)
            {
                first.Add(row);
            }

            if (final.Count > 0 && final[0].Step != row.Step)
            {
                final.Clear();
            }

            final.Add(row);
        }

        (SampleRow Early, SampleRow Late)[] chosen =
        [
            .. ends.Values
                .Where(both => both.First.Step < both.Last.Step)
                .OrderBy(both => both.First.Step)
                .ThenByDescending(both => both.Last.Step)
                .Take(pairs),
        ];
        bool same = chosen.Length > 0;
        if (!same && first.Count > 0 && first[0].Step < final[0].Step)
        {
            chosen = [.. Spread(first, pairs).Zip(Spread(final, pairs))];
        }

        return new ReportSamples(
            [.. chosen.Select(pair => (file.Read(pair.Early), file.Read(pair.Late)))], same, [.. Spread(final, last).Select(file.Read)]);
    }

    /// <summary>Some of the rows, evenly from the best score to the worst.</summary>
    private static List<SampleRow> Spread(List<SampleRow> rows, int count)
    {
        List<SampleRow> sorted = [.. rows.OrderByDescending(row => row.Score)];
        return sorted.Count <= count
            ? sorted
            : [.. Enumerable.Range(0, count).Select(i => sorted[(int)Math.Round(i * (sorted.Count - 1) / (double)(count - 1))])];
    }
}
