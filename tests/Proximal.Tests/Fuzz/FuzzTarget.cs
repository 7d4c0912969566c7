namespace Proximal.Tests.Fuzz;

/// <summary>A parser, or a few of one kind, and what it may do with bytes: accept or refuse them.</summary>
/// <param name="Name">The folder of its inputs, tests/fuzz/corpus/NAME. An input's kind is its file name up to the first dash.</param>
/// <param name="Run">Reads an input of a kind; the folder is the target's own.</param>
/// <param name="Refusals">The documented exceptions.</param>
internal sealed record FuzzTarget(string Name, Action<FuzzInput> Run, params Type[] Refusals)
{
    /// <summary>Whether a refusal names the file that it is about.</summary>
    public bool NamesFile { get; init; } = true;

    /// <summary>Bytes that one reading may allocate, beside 4096 for each byte of the input.</summary>
    public long MostAllocated { get; init; } = 1L << 27;

    public override string ToString() => Name;
}
