using Proximal.ChatTemplates;
using Proximal.Data.Sources;

namespace Proximal.Data.Formats;

/// <summary>Reads the rows of a source, whatever form they have in its files, as rows of prompt, response, text, messages, chosen and rejected.</summary>
internal static class ShapedRows
{
    /// <summary>Reads the rows one after the other.</summary>
    /// <param name="source">The files, and what is said of them.</param>
    /// <param name="use">What the rows are read for.</param>
    /// <param name="what">What the files are, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <param name="refuse">Receives what cannot be used; what follows it is read unless this throws.</param>
    /// <param name="textField">The field that a line of a .txt file is; <see langword="null"/>: such files are refused.</param>
    /// <param name="leaveOut">Receives the rows that are left out, as they hold an answer that was judged to be bad; <see langword="null"/>: none is.</param>
    /// <exception cref="DataFileException">A file cannot be read.</exception>
    public static IEnumerable<ShapedRow> Read(
        DataSource source, RowUse use, string what, string example, Action<DataFileException> refuse, string? textField = null, Action<JsonRow>? leaveOut = null)
    {
        (string path, RowLayout? named) = Resolve(source);
        foreach (RowFile file in DataFiles.Of(path, what, textField is null ? TextFiles.None : TextFiles.Txt))
        {
            RowLayout? described = !file.HasRows ? RowLayout.Of(DataFormat.Trl) with { Prompt = textField! }
                : named ?? (IsPlain(source) ? DatasetDescriptions.Beside(file.Path) : null);
            RowLayout? layout = described is null ? null : described with { ApplyChatTemplate = source.ApplyChatTemplate };
            using IEnumerator<JsonRow> rows = JsonRows.Stream(file, what, example, refuse, textField).GetEnumerator();
            List<JsonRow> first = Take(rows, layout is null ? LayoutRecognition.LookAt : 0);
            if (layout is null && !TryRecognise(first, source, refuse, out layout))
            {
                continue;
            }

            foreach (JsonRow row in first.Concat(Rest(rows)))
            {
                if (Shaped(row, layout!, use, refuse, leaveOut) is { } shaped)
                {
                    yield return shaped;
                }
            }
        }
    }

    /// <summary>What the rows of a source come to; rows that cannot be used are the source's to take, or end the reading.</summary>
    /// <param name="source">The files, and what is said of them.</param>
    /// <param name="use">What the rows are read for.</param>
    /// <param name="what">What the files are, as in "The preference file".</param>
    /// <param name="example">A row as it should be, for messages.</param>
    /// <param name="convert">What a row comes to.</param>
    /// <param name="textField">The field that a line of a .txt file is; <see langword="null"/>: such files are refused.</param>
    /// <param name="leaveOut">Receives the rows that are left out, as they hold an answer that was judged to be bad.</param>
    /// <exception cref="DataFileException">A file or a row cannot be used, or there is no row that can.</exception>
    public static IEnumerable<T> Convert<T>(
        DataSource source, RowUse use, string what, string example, Func<ShapedRow, T> convert, string? textField = null, Action<JsonRow>? leaveOut = null)
        where T : class
    {
        bool any = false;
        DataFileException? first = null;
        foreach (ShapedRow row in Read(source, use, what, example, Refuse, textField, leaveOut is null ? null : LeaveOut))
        {
            if (Converted(row) is { } value)
            {
                any = true;
                yield return value;
            }
        }

        if (!any)
        {
            throw first ?? new DataFileException(
                source.Path, null, textField is null ? $"the file has no rows: expected objects such as {example}" : "the file has no prompts: expected one a line");
        }

        T? Converted(ShapedRow row)
        {
            try
            {
                return convert(row);
            }
            catch (DataFileException exception)
            {
                Refuse(exception);
                return null;
            }
        }

        void Refuse(DataFileException exception)
        {
            first ??= exception;
            (source.Unusable ?? (failure => throw failure))(exception);
        }

        void LeaveOut(JsonRow row)
        {
            any = true;
            leaveOut(row);
        }
    }

    private static (string Path, RowLayout? Layout) Resolve(DataSource source) =>
        source.Dataset is not null || Path.GetFileName(source.Path) == DataFiles.DatasetInfo ? DatasetDescriptions.Named(source) : (source.Path, null);

    private static bool IsPlain(DataSource source) => source.Format == DataFormat.Auto && source.Names == RowNames.None;

    private static bool TryRecognise(List<JsonRow> first, DataSource source, Action<DataFileException> refuse, out RowLayout? layout)
    {
        try
        {
            layout = LayoutRecognition.Of(first, source);
            return true;
        }
        catch (DataFileException exception)
        {
            layout = null;
            refuse(exception);
            return false;
        }
    }

    private static ShapedRow? Shaped(JsonRow row, RowLayout layout, RowUse use, Action<DataFileException> refuse, Action<JsonRow>? leaveOut)
    {
        try
        {
            ShapedRow shaped = Shape(row, layout, use);
            bool? good = shaped.Row.Truth(shaped.Names.Label);
            if (good is not null && use == RowUse.Preferences && !shaped.Row.Has(shaped.Names.Chosen) && !shaped.Row.Has(shaped.Names.Rejected))
            {
                throw row.Wrong(
                    $"the row judges one answer ('{layout.Label}'), and a reward model learns from two answers to a prompt: give rows with '{shaped.Names.Chosen}' and '{shaped.Names.Rejected}'", layout.Label);
            }

            if (use == RowUse.Examples)
            {
                RequireExample(shaped);
                if (good == false && leaveOut is not null)
                {
                    leaveOut(row);
                    return null;
                }
            }

            return shaped;
        }
        catch (DataFileException exception)
        {
            refuse(exception);
            return null;
        }
    }

    /// <summary>What a pair's example would be is for its user to say.</summary>
    private static void RequireExample(ShapedRow shaped)
    {
        (JsonRow row, RowLayout names, _) = shaped;
        if (row.Has(names.Chosen) && row.Has(names.Rejected) && !row.Has(names.Response) && !row.Has(names.Text) && !row.Has(names.Messages))
        {
            throw row.Wrong(
                $"the row has no field '{names.Response}': it is a pair of answers; to learn the better one set fields to {{response: {names.Chosen}}}, or format to hh or deepspeed_chat if it is of that form", names.Response);
        }
    }

    private static ShapedRow Shape(JsonRow row, RowLayout layout, RowUse use)
    {
        bool stays = !layout.Converses && !layout.IsPromptImplicit && layout.Format is (DataFormat.Trl or DataFormat.Verl or DataFormat.Openrlhf);
        if (!stays && !ChatMessages.IsText(row.Object))
        {
            throw row.Wrong("the row holds half a surrogate pair, which is no character: repair the \\u escape");
        }

        return layout.Format switch
        {
            DataFormat.Alpaca => new ShapedRow(AlpacaRows.Read(row, layout, use), Usual, layout.Format),
            DataFormat.Sharegpt => new ShapedRow(SharegptRows.Read(row, layout, use), Usual, layout.Format),
            DataFormat.Hh or DataFormat.DeepspeedChat => new ShapedRow(TranscriptRows.Read(row, layout, use), Usual, layout.Format),
            _ => new ShapedRow(TrlRows.Read(row, layout, use), layout, layout.Format),
        };
    }

    private static RowLayout Usual { get; } = RowLayout.Of(DataFormat.Trl);

    private static List<JsonRow> Take(IEnumerator<JsonRow> rows, int count)
    {
        var taken = new List<JsonRow>();
        while (taken.Count < count && rows.MoveNext())
        {
            taken.Add(rows.Current);
        }

        return taken;
    }

    private static IEnumerable<JsonRow> Rest(IEnumerator<JsonRow> rows)
    {
        while (rows.MoveNext())
        {
            yield return rows.Current;
        }
    }
}
