namespace Proximal.Hub;

/// <summary>How far a pull is.</summary>
/// <param name="DoneBytes">Bytes that are there.</param>
/// <param name="TotalBytes">Bytes in all.</param>
/// <param name="DoneFiles">Files that are whole.</param>
/// <param name="TotalFiles">Files in all.</param>
internal readonly record struct HubProgress(long DoneBytes, long TotalBytes, int DoneFiles, int TotalFiles);
