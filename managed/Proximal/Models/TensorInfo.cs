using System.Runtime.InteropServices;
using System.Text;
using Proximal.Interop;

namespace Proximal.Models;

/// <summary>One parameter tensor of a model.</summary>
/// <param name="Index">Its place in <see cref="LanguageModel.Tensors"/>.</param>
/// <param name="Name">Its name as transformers writes it.</param>
/// <param name="Shape">Its sizes, outermost first.</param>
/// <param name="Elements">How many numbers it holds.</param>
public sealed record TensorInfo(int Index, string Name, IReadOnlyList<long> Shape, long Elements)
{
    internal static TensorInfo FromNative(int index, in px_tensor_info native)
    {
        ReadOnlySpan<sbyte> name = native.name;
        ReadOnlySpan<long> shape = native.shape;
        return new TensorInfo(
            index,
            Encoding.UTF8.GetString(MemoryMarshal.AsBytes(name[..native.name_bytes])),
            shape[..native.dimensions].ToArray(),
            native.elements);
    }
}
