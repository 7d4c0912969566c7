using System.Text.Json.Serialization;
using Proximal.ChatTemplates;
using Proximal.Configuration;
using Proximal.Internal;
using Proximal.Runs.Checkpoints;

namespace Proximal.Runs;

/// <summary>What every training run has: a start model and a run folder.</summary>
/// <remarks>
/// Relative paths, <see cref="Output"/> included, start at <see cref="BaseDirectory"/>. A resumed run needs the same options
/// but for those marked with <see cref="ChangeableOnResumeAttribute"/>; the models and rows that changed paths lead to are
/// compared by their content.
/// </remarks>
public abstract record RunOptions
{
    /// <summary>The start model: a Hugging Face folder, a llama2.c .bin file or a random start.</summary>
    [ChangeableOnResume]
    public required ModelSource Model { get; init; }

    /// <summary>The folder or file of the tokenizer; <see langword="null"/>: the model's folder.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? Tokenizer { get; init; }

    /// <summary>
    /// The Jinja file by which rows of messages become text, which the model that the run leaves gets too;
    /// <see langword="null"/>: the model's own chat template.
    /// </summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public string? ChatTemplate { get; init; }

    /// <summary>The run folder; it is created, with its parents.</summary>
    [ConfigurationPath]
    [ChangeableOnResume]
    public required string Output { get; init; }

    /// <summary>Replaces an earlier run in the folder; without it such a folder is refused.</summary>
    [ChangeableOnResume]
    public bool Overwrite { get; init; }

    /// <summary>The type of the numbers in the model that the run leaves; checkpoints have all digits.</summary>
    [ChangeableOnResume]
    public SavedType SaveAs { get; init; }

    /// <summary>When checkpoints are written and which ones stay.</summary>
    public CheckpointOptions Checkpoints { get; init; } = new();

    /// <summary>Decides everything that is drawn at random. Same seed and threads: the same run, bit for bit.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads to compute with; 0: environment PROXIMAL_THREADS, else the cores this process may use.</summary>
    public int Threads { get; init; }

    /// <summary>What matrices are multiplied in; a resumed run stays with what it began with.</summary>
    public EngineProducts Products { get; init; }

    /// <summary>Where relative paths start; <see langword="null"/>: the working directory. Not a key of the file.</summary>
    [JsonIgnore]
    public string? BaseDirectory { get; init; }

    /// <summary>Throws unless every option is in its range. Reads no file.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public virtual void Validate()
    {
        ArgumentNullException.ThrowIfNull(Model);
        Model.Validate();
        Require.NotBlank(Output, nameof(Output));
        Require.Defined(SaveAs);
        Require.NotNull(Checkpoints);
        Checkpoints.Validate();
        Require.Between(Threads, 0, EngineOptions.MaxThreads);
        Require.Defined(Products);
    }

    /// <summary>The path as the run opens it.</summary>
    internal string Resolve(string path) => Path.GetFullPath(path, Path.GetFullPath(BaseDirectory ?? "."));

    /// <summary>What writes the conversations of rows.</summary>
    /// <param name="needed">A row holds one.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="started">When the run started: a template that writes the date writes this one, when the run is resumed too.</param>
    internal ChatEncoder? CreateChat(bool needed, Tokenization.Tokenizer tokenizer, DateTimeOffset started) =>
        RunChat.Find(needed, ChatTemplatePath(), TokenizerPath(), tokenizer, started.ToLocalTime());

    /// <summary>Where the chat template of the options is; <see langword="null"/>: they name none.</summary>
    internal string? ChatTemplatePath() => ChatTemplate is { } path ? Resolve(path) : null;

    /// <summary>Loads the tokenizer, and sees to it that the run's models can be given one.</summary>
    internal Tokenization.Tokenizer LoadTokenizer()
    {
        string path = TokenizerPath();
        TokenizerFiles.Check(path);
        return Tokenization.Tokenizer.Load(path);
    }

    /// <summary>Where the tokenizer is.</summary>
    internal string TokenizerPath() => RunModels.TokenizerPath(Tokenizer, Model, Resolve);
}
