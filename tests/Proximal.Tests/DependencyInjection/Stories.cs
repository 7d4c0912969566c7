using Microsoft.Extensions.DependencyInjection;
using Proximal.Rollouts;
using Proximal.Tokenization;

namespace Proximal.Tests.DependencyInjection;

public sealed class Stories(
    [FromKeyedServices("stories")] Generator generator, [FromKeyedServices("stories")] Tokenizer tokenizer)
{
    private long _samples;

    public async Task<string> TellAsync(string beginning, CancellationToken cancellationToken)
    {
        Generation story = await generator.GenerateAsync(
            new GenerationRequest
            {
                SampleId = (ulong)Interlocked.Increment(ref _samples),
                Prompt = tokenizer.Encode(beginning),
                MaxNewTokens = 128,
                StopTokens = tokenizer.EosTokenId is { } end ? [end] : [],
            },
            cancellationToken);
        return tokenizer.Decode(story.Tokens);
    }
}
