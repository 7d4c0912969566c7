namespace Proximal.Data.Checking;

/// <summary>What the fields of a row are.</summary>
internal static class Role
{
    public const string Prompt = "prompt";
    public const string Chosen = "chosen";
    public const string Rejected = "rejected";
    public const string Margin = "margin";
    public const string Response = "response";
    public const string Text = "text";
    public const string Messages = "messages";
    public const string Split = "split";
}
