namespace Proximal.ChatTemplates;

/// <summary>Which part of a conversation supervised fine-tuning learns.</summary>
public enum ChatLoss
{
    /// <summary>Everything that the assistant says (TRL: assistant_only_loss).</summary>
    Assistant = 0,

    /// <summary>The assistant's last message alone.</summary>
    LastAssistant = 1,

    /// <summary>Every token, those of users and of the template too (TRL without assistant_only_loss).</summary>
    All = 2,
}
