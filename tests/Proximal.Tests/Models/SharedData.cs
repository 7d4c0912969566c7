using NUnit.Framework;

namespace Proximal.Tests.Models;

/// <summary>The data that lie beside the repository, or where PROXIMAL_DATA says.</summary>
internal static class SharedData
{
    /// <summary>A path in it; the test is skipped, saying so, where it is missing.</summary>
    public static string Path(params string[] parts)
    {
        string root = Environment.GetEnvironmentVariable("PROXIMAL_DATA")
            ?? System.IO.Path.Combine(Interop.Tool.RepositoryRoot, "..", "shared", "data");
        string path = System.IO.Path.GetFullPath(System.IO.Path.Combine([root, .. parts]));
        if (!System.IO.Path.Exists(path))
        {
            Assert.Ignore($"needs the shared data (PROXIMAL_DATA): {path}");
        }

        return path;
    }
}
