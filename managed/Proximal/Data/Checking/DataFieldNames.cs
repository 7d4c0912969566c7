using Proximal.Internal;

namespace Proximal.Data.Checking;

/// <summary>The names of a row's fields; those that are <see langword="null"/> are recognised.</summary>
public sealed record DataFieldNames
{
    /// <summary>The prompt.</summary>
    public string? Prompt { get; init; }

    /// <summary>The better answer.</summary>
    public string? Chosen { get; init; }

    /// <summary>The worse answer.</summary>
    public string? Rejected { get; init; }

    /// <summary>By how much the better one should win.</summary>
    public string? Margin { get; init; }

    /// <summary>The response to learn.</summary>
    public string? Response { get; init; }

    /// <summary>The text that is learned as a whole.</summary>
    public string? Text { get; init; }

    /// <summary>The conversation: a list of messages.</summary>
    public string? Messages { get; init; }

    /// <summary>The split that a row belongs to, such as train or test.</summary>
    public string? Split { get; init; }

    /// <summary>The names as readers of rows take them.</summary>
    internal Formats.RowNames Names => new()
    {
        Prompt = Prompt, Response = Response, Text = Text, Messages = Messages, Chosen = Chosen, Rejected = Rejected, Margin = Margin,
    };

    internal void Validate()
    {
        foreach ((string? name, string what) in new[]
        {
            (Prompt, nameof(Prompt)), (Chosen, nameof(Chosen)), (Rejected, nameof(Rejected)), (Margin, nameof(Margin)),
            (Response, nameof(Response)), (Text, nameof(Text)), (Messages, nameof(Messages)), (Split, nameof(Split)),
        })
        {
            if (name is not null)
            {
                Require.NotBlank(name, what);
            }
        }
    }
}
