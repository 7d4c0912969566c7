using System.Globalization;

namespace Proximal.Cli.Commands;

/// <summary>Where a demo goes when no folder is named.</summary>
internal static class DemoPlace
{
    private const string First = "runs/demo";

    /// <summary>The first folder that is free, or with <paramref name="resume"/> the last one that is there.</summary>
    public static string Find(bool resume)
    {
        int number = 1;
        while (Path.Exists(Name(number)))
        {
            number++;
        }

        return Name(resume ? Math.Max(1, number - 1) : number);
    }

    private static string Name(int number) => number == 1 ? First : string.Create(CultureInfo.InvariantCulture, $"{First}-{number}");
}
