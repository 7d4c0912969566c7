using Proximal.Tokenization.Text;

namespace Proximal.Tokenization.Normalizers;

/// <summary>Changes a text before it is split. Immutable.</summary>
internal interface INormalizer
{
    /// <summary>The changed text; the same instance where nothing changes.</summary>
    AlignedText Normalize(AlignedText text);
}
