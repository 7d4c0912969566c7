namespace Proximal.Data.Checking;

/// <summary>How large a split is.</summary>
/// <param name="Name">Its name: what the split field holds, or the file where several files are checked.</param>
/// <param name="Rows">Rows that can be read.</param>
/// <param name="Prompts">Different prompts, but for case and white space.</param>
public sealed record DataSplitReport(string Name, long Rows, long Prompts);
