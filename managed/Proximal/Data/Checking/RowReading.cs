using System.Text.Json;

namespace Proximal.Data.Checking;

/// <summary>Takes the texts of rows out of their fields, and names every field that does not hold what it has to.</summary>
internal sealed class RowReading(RowFields fields, ProblemList problems)
{
    /// <summary>The row; <see langword="null"/>: a run would refuse it, and the problems are told.</summary>
    public CheckedRow? Read(JsonRow row)
    {
        var place = new Place(row.File, row.Line);
        CheckedRow? read = MessageRows.Has(row, fields) ? OfMessages(row, place) : OfTexts(row, place);
        return TrySplit(row, place, out string? split) && read is not null ? read with { Split = split } : null;
    }

    private CheckedRow? OfMessages(JsonRow row, Place place)
    {
        try
        {
            if (fields.Shape == DataShape.Preferences && !IsMargin(row, place))
            {
                return null;
            }

            CheckedRow read = MessageRows.Read(row, fields);
            for (int i = 0; i < read.Texts.Length; i++)
            {
                WarnOfBlank(read.Texts[i]!, place, fields[fields.Roles[i]]);
            }

            return read;
        }
        catch (DataFileException exception)
        {
            problems.Add(DataProblemKind.WrongValue, place, null, exception.What);
            return null;
        }
    }

    private CheckedRow? OfTexts(JsonRow row, Place place)
    {
        bool whole = fields.Shape == DataShape.Examples && row.Has(fields[Role.Text]);
        if (whole && (row.Has(fields[Role.Prompt]) || row.Has(fields[Role.Response])))
        {
            problems.Add(
                DataProblemKind.Ambiguous, place, fields[Role.Text], $"the row has '{fields[Role.Text]}' beside prompt or response: keep the text, or prompt and response");
            return null;
        }

        string?[] texts = [.. fields.Roles.Select(role => whole ? role == Role.Prompt ? null : Text(row, place, Role.Text) : Text(row, place, role))];
        bool complete = whole ? texts[1] is not null : texts.All(text => text is not null);
        complete &= fields.Shape != DataShape.Preferences || IsMargin(row, place);
        return complete ? WithRecord(new CheckedRow(place, texts)) : null;
    }

    private CheckedRow WithRecord(CheckedRow row) => fields.Shape switch
    {
        DataShape.Preferences => row with { Pair = new PreferencePair { Prompt = row.Prompt, Chosen = row.Texts[1]!, Rejected = row.Texts[2]! } },
        DataShape.Examples or DataShape.Judgements => row with { Example = new SftExample { Prompt = row.Texts[0], Response = row.Texts[1]! } },
        DataShape.Texts => row with { Example = new SftExample { Response = row.Texts[0]! } },
        _ => row,
    };

    private string? Text(JsonRow row, Place place, string role)
    {
        string field = fields[role];
        try
        {
            string text = row.Text(field, role switch
            {
                Role.Prompt => "the prompt's text",
                Role.Chosen => "the better answer's text",
                Role.Rejected => "the worse answer's text",
                Role.Response => "the response's text",
                _ => "a text",
            });
            WarnOfBlank(text, place, field);
            return text;
        }
        catch (DataFileException exception)
        {
            problems.Add(KindOf(row, field), place, field, exception.What);
            return null;
        }
    }

    private void WarnOfBlank(string text, Place place, string field)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            problems.Add(DataProblemKind.Blank, place, field, $"the field '{field}' is nothing but white space: give it a text or drop the row");
        }
    }

    private bool IsMargin(JsonRow row, Place place)
    {
        string field = fields[Role.Margin];
        try
        {
            double margin = row.Number(field);
            if (margin >= 0)
            {
                if (margin == 0 && row.Has(field))
                {
                    problems.Add(DataProblemKind.Tie, place, field, $"the field '{field}' is 0, a tie: drop the row if neither answer is better");
                }

                return true;
            }

            problems.Add(DataProblemKind.WrongValue, place, field, $"the field '{field}' is {margin}: expected at least 0; swap the answers if the other one is better");
        }
        catch (DataFileException exception)
        {
            problems.Add(DataProblemKind.WrongValue, place, field, exception.What);
        }

        return false;
    }

    private bool TrySplit(JsonRow row, Place place, out string? split)
    {
        string field = fields[Role.Split];
        split = null;
        if (!row.Has(field))
        {
            return true;
        }

        if (row.Object.GetProperty(field) is { ValueKind: JsonValueKind.Number } number)
        {
            split = number.GetRawText();
            return true;
        }

        try
        {
            split = row.Text(field, "the name of a split");
            return true;
        }
        catch (DataFileException exception)
        {
            problems.Add(KindOf(row, field), place, field, exception.What);
            return false;
        }
    }

    private static DataProblemKind KindOf(JsonRow row, string field) =>
        !row.Object.TryGetProperty(field, out JsonElement value) ? DataProblemKind.MissingField
        : value.GetRawText() == "\"\"" ? DataProblemKind.Empty
        : DataProblemKind.WrongValue;
}
