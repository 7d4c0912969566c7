using Proximal.ChatTemplates;
using Proximal.Cli.Rows;
using Proximal.Hub;
using Proximal.Tokenization;

namespace Proximal.Cli.Models;

/// <summary>The tokenizer of a command: the one that --tokenizer names, else the model folder's, else none.</summary>
internal sealed class TextCodec
{
    private readonly Tokenizer? _tokenizer;
    private readonly string _missing;
    private readonly string? _path;
    private readonly Lazy<ChatEncoder?> _chat;

    /// <summary>Loads the tokenizer. A model without one can still work on token ids.</summary>
    /// <param name="model">The model's folder or file, where there is one.</param>
    /// <param name="tokenizer">The path that the user gave.</param>
    public TextCodec(string? model, string? tokenizer)
    {
        if (tokenizer is not null && !Path.Exists(tokenizer) && HubModels.Find(tokenizer) is null)
        {
            throw new CommandException(
                ExitCode.Data, $"--tokenizer {tokenizer}: does not exist; give a folder with a tokenizer.json, or the file{HubModels.Advice(tokenizer)}");
        }

        _path = (tokenizer is null || Path.Exists(tokenizer) ? tokenizer : HubModels.Find(tokenizer)) ?? (model is not null && Tokenizer.IsAt(model) ? model : null);
        _tokenizer = _path is null ? null : Tokenizer.Load(_path);
        _missing = $"{model} has no tokenizer.json: give --tokenizer, or token ids";
        _chat = new(() => MakeChat(model));
    }

    /// <summary>The token that ends a sequence, where the tokenizer names one.</summary>
    public int? EosTokenId => _tokenizer?.EosTokenId;

    /// <summary>The tokenizer, if there is one.</summary>
    public Tokenizer? Tokenizer => _tokenizer;

    /// <summary>The model's way to write conversations; <see langword="null"/> when it has no chat template.</summary>
    public ChatEncoder? Chat => _chat.Value;

    /// <summary>Throws unless there is a tokenizer.</summary>
    public void Require()
    {
        if (_tokenizer is null)
        {
            throw new CommandException(ExitCode.Data, _missing);
        }
    }

    public int[] Encode(InputRow row, string text, bool special = true) => Of(row).Encode(text, special);

    /// <summary>Encodes the conversation of a row: its `messages`, with `tools` and `documents` where it has them.</summary>
    /// <param name="row">The row.</param>
    /// <param name="answers">The assistant is to speak next: its turn is opened, or its last message continued.</param>
    public int[] EncodeMessages(InputRow row, bool answers)
    {
        _ = Of(row);
        ChatEncoder chat = Chat ?? throw row.Error("the model has no chat template, so 'messages' cannot be written as its text: give 'prompt' or 'text'");
        try
        {
            return chat.Encode(row.Conversation(answers));
        }
        catch (ChatTemplateException failure)
        {
            throw row.Error($"'messages': the model's chat template refuses them: {failure.Message}", failure);
        }
    }

    /// <summary>Encodes a prompt and its response as one text.</summary>
    /// <returns>The tokens, and the first that is not one of the prompt alone: where the two texts meet inside a token, it counts as response.</returns>
    public (int[] Tokens, int? ResponseStart) EncodePair(InputRow row, string prompt, string response)
    {
        int[] whole = Of(row).Encode(prompt + response);
        int[] alone = Of(row).Encode(prompt);
        return (whole, whole.AsSpan().CommonPrefixLength(alone));
    }

    public string Decode(InputRow row, ReadOnlySpan<int> ids, bool skipSpecial)
    {
        Tokenizer tokenizer = Of(row);
        int bad = ids.IndexOfAnyExceptInRange(0, tokenizer.VocabularySize - 1);
        return bad < 0
            ? tokenizer.Decode(ids, skipSpecial)
            : throw row.Error($"id {bad} is {ids[bad]}: the tokenizer knows 0 to {tokenizer.VocabularySize - 1}; correct it");
    }

    /// <summary>The text by which a response continues its prompt; <see langword="null"/> when there is no tokenizer.</summary>
    public string? DecodeResponse(ReadOnlySpan<int> prompt, ReadOnlySpan<int> response)
    {
        if (_tokenizer is null)
        {
            return null;
        }

        // Decoders drop the space before the first word of a text, so the response is not decoded on its own.
        string before = _tokenizer.Decode(prompt);
        string whole = _tokenizer.Decode([.. prompt, .. response]);
        return whole.StartsWith(before, StringComparison.Ordinal) ? whole[before.Length..] : _tokenizer.Decode(response);
    }

    /// <summary>The template beside the tokenizer, else the model's.</summary>
    private ChatEncoder? MakeChat(string? model)
    {
        ModelChatTemplate? template = (_path is null ? null : ModelChatTemplate.Find(_path))
            ?? (model is null ? null : ModelChatTemplate.Find(model));
        return template is null || _tokenizer is null ? null : new ChatEncoder(template, _tokenizer);
    }

    private Tokenizer Of(InputRow row) => _tokenizer ?? throw row.Error(_missing);
}
