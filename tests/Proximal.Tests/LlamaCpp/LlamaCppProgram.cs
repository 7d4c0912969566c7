using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using Proximal.Tests.Interop;

namespace Proximal.Tests.LlamaCpp;

/// <summary>llama.cpp, where node and the npm package node-llama-cpp are: PROXIMAL_NODE_LLAMA names the folder with its node_modules.</summary>
internal static class LlamaCppProgram
{
    private const string Variable = "PROXIMAL_NODE_LLAMA";

    /// <summary>The folder of its package; the test is skipped, saying so, where it is not installed.</summary>
    public static string Require()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(folder) || !Directory.Exists(Path.Combine(folder, "node_modules", "node-llama-cpp")))
        {
            Assert.Ignore($"needs llama.cpp: npm install node-llama-cpp @node-llama-cpp/linux-x64 in a folder, and {Variable} naming it");
        }

        return folder!;
    }

    /// <summary>Asks it.</summary>
    public static JsonElement Ask(object request)
    {
        using Process node = Process.Start(new ProcessStartInfo("node", [Tool.InRepository("tests", "Proximal.Tests", "LlamaCpp", "greedy.mjs"), Require()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = node.StandardError.ReadToEndAsync();
        node.StandardInput.Write(JsonSerializer.Serialize(request));
        node.StandardInput.Close();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.That(node.ExitCode, Is.Zero, error.Result);
        return JsonElement.Parse(output);
    }
}
