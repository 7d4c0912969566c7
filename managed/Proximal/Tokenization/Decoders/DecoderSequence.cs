namespace Proximal.Tokenization.Decoders;

/// <summary>Several decoders, one after another.</summary>
internal sealed class DecoderSequence(IReadOnlyList<ITokenDecoder> steps) : ITokenDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens) => steps.Aggregate(tokens, (current, step) => step.Decode(current));
}
