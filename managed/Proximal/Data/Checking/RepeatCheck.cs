namespace Proximal.Data.Checking;

/// <summary>Finds rows that say again, or the opposite of, what an earlier one said, and prompts in two splits. Keeps a few keys for each row.</summary>
internal sealed class RepeatCheck(RowFields fields, ProblemList problems)
{
    private readonly Dictionary<UInt128, Place> _rows = [];
    private readonly Dictionary<UInt128, Place> _pairs = [];
    private readonly Dictionary<UInt128, (int Split, Place Place)> _prompts = [];
    private readonly HashSet<UInt128> _inOtherSplits = [];
    private readonly List<(string? Name, long Rows, long Prompts)> _splits = [];

    /// <summary>Different prompts, but for case and white space.</summary>
    public long Prompts => _prompts.Count;

    /// <summary>The splits, in the order of their first rows; rows without a split are in one of no name.</summary>
    public IReadOnlyList<(string? Name, long Rows, long Prompts)> Splits => _splits;

    public void Add(CheckedRow row)
    {
        Count(row);
        if (!_rows.TryAdd(TextKey.Of(row.Texts), row.Place))
        {
            Place first = _rows[TextKey.Of(row.Texts)];
            problems.Add(DataProblemKind.Duplicate, row.Place, null, $"the row is the same as {first.SeenFrom(row.Place)}: drop one of them");
        }

        if (fields.Shape == DataShape.Preferences)
        {
            ComparePair(row);
        }
    }

    private void Count(CheckedRow row)
    {
        int split = _splits.FindIndex(seen => seen.Name == row.Split);
        if (split < 0)
        {
            split = _splits.Count;
            _splits.Add((row.Split, 0, 0));
        }

        UInt128 key = TextKey.Of(TextKey.Plain(row.Prompt));
        bool isNew = _prompts.TryAdd(key, (split, row.Place));
        (int firstSplit, Place first) = _prompts[key];
        if (firstSplit != split)
        {
            if (_inOtherSplits.Add(TextKey.Of(row.Split, key.ToString(System.Globalization.CultureInfo.InvariantCulture))))
            {
                isNew = true;
                problems.Add(
                    DataProblemKind.Leakage,
                    row.Place,
                    fields[fields.Roles[0]],
                    $"the prompt is in the split '{row.Split}' and, {first.SeenFrom(row.Place)}, in '{_splits[firstSplit].Name}': keep it in one of them");
            }
            else
            {
                problems.Involve(DataProblemKind.Leakage, row.Place);
            }
        }

        (string? name, long rows, long prompts) = _splits[split];
        _splits[split] = (name, rows + 1, prompts + (isNew ? 1 : 0));
    }

    private void ComparePair(CheckedRow row)
    {
        string chosen = TextKey.Plain(row.Texts[1]!);
        string rejected = TextKey.Plain(row.Texts[2]!);
        if (chosen == rejected)
        {
            problems.Add(
                row.IsIdentical ? DataProblemKind.Identical : DataProblemKind.Alike,
                row.Place,
                fields[Role.Rejected],
                row.IsIdentical
                    ? "both answers are the same, and a run leaves the pair out: give two different ones or drop the row"
                    : "both answers are the same but for case and white space: drop the row unless that is what is to be learned");
            return;
        }

        string prompt = TextKey.Plain(row.Prompt);
        if (_pairs.TryGetValue(TextKey.Of(prompt, rejected, chosen), out Place opposite))
        {
            problems.Add(
                DataProblemKind.Contradiction,
                row.Place,
                null,
                $"the pair says the opposite of {opposite.SeenFrom(row.Place)}: keep one of them, or drop both if neither answer is better");
            problems.Involve(DataProblemKind.Contradiction, opposite);
        }

        _pairs.TryAdd(TextKey.Of(prompt, chosen, rejected), row.Place);
    }
}
