namespace Proximal.Data.Checking;

/// <summary>
/// Holds the rows of all prompts while they are few, and then of those prompts whose keys are smallest: so that memory does not grow with
/// a file, that all rows of a prompt are in it or none, and that the choice does not depend on the order of the rows.
/// </summary>
internal sealed class RowSample(int capacity)
{
    private readonly List<SampledRow> _rows = [];
    private UInt128 _bound = UInt128.MaxValue;

    public IReadOnlyList<SampledRow> Rows => _rows;

    public void Add(SampledRow row)
    {
        if (row.Prompt > _bound)
        {
            return;
        }

        _rows.Add(row);
        while (_rows.Count > capacity)
        {
            UInt128 least = _rows.Min(kept => kept.Prompt);
            if (_bound == least)
            {
                // One prompt alone has too many rows.
                _rows.RemoveAt(_rows.Count - 1);
                return;
            }

            _bound = UInt128.Max(_bound / 2, least);
            _rows.RemoveAll(kept => kept.Prompt > _bound);
        }
    }
}
