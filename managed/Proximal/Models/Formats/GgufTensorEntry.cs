namespace Proximal.Models.Formats;

/// <summary>A tensor as a GGUF file lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Elements">Its numbers.</param>
/// <param name="Shape">Its dimensions, rows first.</param>
/// <param name="Type">The type of its blocks, by llama.cpp's name.</param>
internal sealed record GgufTensorEntry(string Name, long Elements, long[] Shape, string Type);
