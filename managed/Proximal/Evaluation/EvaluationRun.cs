using Microsoft.Extensions.Logging;
using Proximal.ChatTemplates;
using Proximal.Configuration;
using Proximal.Data;
using Proximal.Models;
using Proximal.Rewards;
using Proximal.Runs;
using Proximal.Tokenization;

namespace Proximal.Evaluation;

/// <summary>A comparison of two models: reads what the options name, and leaves an evaluation folder.</summary>
public sealed class EvaluationRun
{
    private const string TokenizerFile = "tokenizer.json";

    private readonly EvaluationRunOptions _options;
    private readonly ILogger? _logger;

    /// <summary>Makes an evaluation; nothing is read or written yet.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="logger">Is told warnings; <see langword="null"/>: nobody.</param>
    /// <exception cref="ArgumentException">An option cannot be used; the text names it.</exception>
    public EvaluationRun(EvaluationRunOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _logger = logger;
    }

    /// <summary>Does the whole evaluation.</summary>
    /// <param name="progress">Is told how far it is, on its own thread; <see langword="null"/>: nobody.</param>
    /// <param name="cancellationToken">Ends it; nothing is written then.</param>
    /// <exception cref="DataFileException">The prompt file or a lexicon cannot be used.</exception>
    /// <exception cref="TokenizerException">The tokenizer cannot be used.</exception>
    /// <exception cref="RunFolderException">The output folder holds an evaluation already or cannot be written.</exception>
    /// <exception cref="RewardException">A reward failed.</exception>
    /// <exception cref="ProximalException">A model cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<EvaluationReport> RunAsync(
        IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => EvaluateAsync(progress, cancellationToken), cancellationToken);

    private async Task<EvaluationReport> EvaluateAsync(IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new EvaluationProgress(EvaluationPhase.Loading));
        string? output = _options.Output is { } path ? _options.Resolve(path) : null;
        if (output is not null)
        {
            EvaluationFolder.CheckFree(output, _options.Overwrite);
        }

        IReadOnlyList<Prompt> prompts = _options.Prompts.Read(_options.Resolve, _options.Evaluation.Seed, []);
        string tokenizerPath = RunModels.TokenizerPath(_options.Tokenizer, _options.Model, _options.Resolve);
        var tokenizer = Tokenizer.Load(tokenizerPath);
        ChatEncoder? chat = RunChat.Find(
            prompts.Any(prompt => prompt.Conversation is not null),
            _options.ChatTemplate is { } template ? _options.Resolve(template) : null,
            tokenizerPath,
            tokenizer,
            TimeProvider.System.GetLocalNow());
        CheckTokenizers(tokenizer, prompts, chat);
        using var engine = new Engine(new EngineOptions { Threads = _options.Threads, Products = _options.Products, Logger = _logger });
        using var rewards = new RewardContext(_options.Resolve, engine);
        MixtureReward? reward = _options.Rewards.Count == 0
            ? null
            : new MixtureReward(_options.Rewards.Select(part => new WeightedReward(part.Create(rewards), part.Weight)), "reward");
        IReward? judge = _options.Judge?.Create(rewards);
        using LanguageModel baseline = Open(engine, "baseline", _options.Baseline);
        using LanguageModel model = Open(engine, "model", _options.Model);
        RewardVocabulary.Check([.. reward?.Parts.Select(part => part.Reward) ?? [], .. judge is null ? [] : new[] { judge }], model);
        using var references = new RewardContext(_options.Resolve, engine);
        var evaluator = new Evaluator(baseline, model, tokenizer, _options.Evaluation)
        {
            Chat = chat,
            Reward = reward,
            Judge = judge,
            References = _options.References.ToDictionary(pair => pair.Key, pair => references.Own(Open(engine, $"references.{pair.Key}", pair.Value))),
        };
        EvaluationResult result = await evaluator.EvaluateAsync(prompts, progress, cancellationToken).ConfigureAwait(false);
        var report = new EvaluationReport
        {
            Baseline = _options.Resolve(_options.Baseline),
            Model = _options.Resolve(_options.Model),
            Options = _options.Evaluation,
            Result = result,
        };
        if (output is not null)
        {
            EvaluationFolder.Write(output, report, ConfigurationWriter.Write(_options, _options.Resolve), tokenizer);
        }

        return report;
    }

    /// <summary>KL and pairs mean nothing when the two models cut texts in different ways.</summary>
    private void CheckTokenizers(Tokenizer tokenizer, IReadOnlyList<Prompt> prompts, ChatEncoder? chat)
    {
        string folder = RunModels.FolderOf(_options.Resolve(_options.Baseline));
        if (_options.Tokenizer is not null || !File.Exists(Path.Combine(folder, TokenizerFile)))
        {
            return;
        }

        var baseline = Tokenizer.Load(folder);
        var conversations = new ConversationEncoder(chat);
        Prompt? other = prompts.FirstOrDefault(prompt =>
        {
            string text = prompt.Conversation is { } conversation ? conversations.Encode(conversation, prompt.File, prompt.Line).Text : prompt.Text!;
            return !baseline.Encode(text).SequenceEqual(tokenizer.Encode(text));
        });
        if (other is not null)
        {
            throw new DataFileException(
                other.File!, other.Line, "the tokenizers of baseline and model cut the prompt into different tokens: compare models of one tokenizer");
        }
    }

    private LanguageModel Open(Engine engine, string key, string path) =>
        RunModels.Open(engine, key, path, _options.Resolve, ModelHead.LanguageModel);
}
