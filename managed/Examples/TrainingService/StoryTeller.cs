using Proximal;
using Proximal.Models;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace TrainingService;

/// <summary>What to tell.</summary>
/// <param name="Prompt">How the story begins.</param>
/// <param name="MaxNewTokens">The most tokens to add; about three characters each.</param>
internal sealed record StoryRequest(string? Prompt, int MaxNewTokens = 64);

/// <summary>What was told, and by which model: "base" or "trained".</summary>
internal sealed record Story(string Text, string Model);

/// <summary>Tells stories: with the base model, and with the trained one as soon as there is one.</summary>
internal sealed class StoryTeller(
    Engine engine,
    [FromKeyedServices(StoryTeller.BaseModel)] Generator baseline,
    [FromKeyedServices(StoryTeller.BaseModel)] Tokenizer tokenizer) : IDisposable
{
    public const string BaseModel = "base";

    private LanguageModel? _trained;
    private volatile Generator? _trainedGenerator;
    private long _stories;

    /// <summary>From now on, stories come from the model in this folder. Called once.</summary>
    public void Use(string modelFolder)
    {
        _trained = LanguageModel.Load(engine, modelFolder);
        _trainedGenerator = new Generator(_trained);
    }

    /// <summary>What is wrong with a request, by field; empty: nothing.</summary>
    public Dictionary<string, string[]> Validate(StoryRequest request)
    {
        int context = baseline.Model.Info.ContextLength;
        if (string.IsNullOrWhiteSpace(request.Prompt))
        {
            return new() { ["prompt"] = ["The beginning of a story is needed."] };
        }

        if (request.MaxNewTokens < 1 || request.MaxNewTokens >= context)
        {
            return new() { ["maxNewTokens"] = [$"Expected 1 to {context - 1}, got {request.MaxNewTokens}."] };
        }

        int tokens = tokenizer.Encode(request.Prompt).Length;
        return tokens + request.MaxNewTokens <= context
            ? []
            : new() { ["prompt"] = [$"It has {tokens} tokens; with {request.MaxNewTokens} new ones at most {context} fit the model."] };
    }

    public async Task<Story> TellAsync(StoryRequest request, CancellationToken cancellationToken)
    {
        Generator? trained = _trainedGenerator;
        Generation story = await (trained ?? baseline).GenerateAsync(
            new GenerationRequest
            {
                SampleId = (ulong)Interlocked.Increment(ref _stories),
                Prompt = tokenizer.Encode(request.Prompt!),
                MaxNewTokens = request.MaxNewTokens,
                StopTokens = [tokenizer.EosTokenId!.Value],
            },
            cancellationToken);
        return new Story(request.Prompt + tokenizer.Decode(story.Tokens), trained is null ? BaseModel : "trained");
    }

    public void Dispose()
    {
        _trainedGenerator?.Dispose();
        _trained?.Dispose();
    }
}
