namespace Proximal.Data.Formats;

/// <summary>The form of rows, and the names that it has in them. The defaults are those of LLaMA-Factory's dataset_info.json.</summary>
internal sealed record RowLayout
{
    public required DataFormat Format { get; init; }

    /// <summary>The prompt.</summary>
    public string Prompt { get; init; } = "prompt";

    /// <summary>What stands behind the prompt on a line of its own.</summary>
    public string Query { get; init; } = "input";

    /// <summary>The response.</summary>
    public string Response { get; init; } = "response";

    /// <summary>The text that is learned as a whole.</summary>
    public string Text { get; init; } = "text";

    /// <summary>The system's message.</summary>
    public string System { get; init; } = "system";

    /// <summary>Earlier turns: pairs of a prompt and a response.</summary>
    public string History { get; init; } = "history";

    /// <summary>The conversation.</summary>
    public string Messages { get; init; } = "messages";

    /// <summary>The tools that the assistant may call.</summary>
    public string Tools { get; init; } = "tools";

    /// <summary>The better answer.</summary>
    public string Chosen { get; init; } = "chosen";

    /// <summary>The worse answer.</summary>
    public string Rejected { get; init; } = "rejected";

    /// <summary>Whether an answer is good.</summary>
    public string Label { get; init; } = "label";

    /// <summary>By how much the better answer should win.</summary>
    public string Margin { get; init; } = "margin";

    /// <summary>The names in a message.</summary>
    public MessageTags Tags { get; init; } = new();

    /// <summary>Rows have no prompt: it is what chosen and rejected begin with alike.</summary>
    public bool IsPromptImplicit { get; init; }

    /// <summary>Texts become messages that the chat template writes; <see langword="null"/>: as the format has it.</summary>
    public bool? ApplyChatTemplate { get; init; }

    /// <summary>Whether texts become messages.</summary>
    public bool Converses => ApplyChatTemplate ?? Format is DataFormat.Alpaca or DataFormat.Sharegpt;

    /// <summary>The layout of a format under the names that it has where nobody names others.</summary>
    public static RowLayout Of(DataFormat format) => format switch
    {
        DataFormat.Alpaca => new RowLayout { Format = format, Prompt = "instruction", Response = "output" },
        DataFormat.Sharegpt => new RowLayout { Format = format, Messages = "conversations" },
        DataFormat.Openrlhf => new RowLayout { Format = format, Prompt = "input", Response = "output" },
        _ => new RowLayout { Format = format },
    };

    /// <summary>The layout with the names that were given.</summary>
    public RowLayout With(RowNames names) => this with
    {
        Prompt = names.Prompt ?? Prompt,
        Response = names.Response ?? Response,
        Text = names.Text ?? Text,
        Messages = names.Messages ?? Messages,
        Chosen = names.Chosen ?? Chosen,
        Rejected = names.Rejected ?? Rejected,
        Margin = names.Margin ?? Margin,
    };
}
