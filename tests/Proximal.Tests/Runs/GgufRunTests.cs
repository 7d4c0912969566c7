using NUnit.Framework;
using Proximal.Data;
using Proximal.Models;
using Proximal.Runs;
using Proximal.Runs.Checkpoints;
using Proximal.Tests.Golden;
using Proximal.Tests.Models;
using Proximal.Tokenization;
using Proximal.Training.RewardModel;
using Proximal.Training.Sft;

namespace Proximal.Tests.Runs;

/// <summary>Runs from GGUF files with no tokenizer beside them: what they leave can be used by itself.</summary>
public sealed class GgufRunTests
{
    private const string Text = "the rain <s> in Spain 12";

    [TestCase("llama-f32", true)]
    [TestCase("llama-spm-q8_0", true)]
    [TestCase("llama-f32", false)]
    public async Task An_sft_run_from_a_gguf_file_leaves_models_with_a_tokenizer(string name, bool byFolder)
    {
        using var folder = new TemporaryFolder();
        string gguf = Copy(name, folder);
        string path = byFolder ? folder["model"] : gguf;
        SupervisedRunResult result = await new SftRun(new SftRunOptions
        {
            Model = path,
            Data = new SftDataOptions { Path = Write(folder, "{\"prompt\":\"the\",\"response\":\" rain\"}\n{\"prompt\":\"in\",\"response\":\" an\"}\n") },
            Sft = new SftOptions { Epochs = 1, BatchSize = 2 },
            Checkpoints = new CheckpointOptions { Every = 1 },
            Output = folder["sft"],
            Threads = 1,
        }).RunAsync();
        string[] written = Directory.GetFiles(folder["sft"], "tokenizer.json", SearchOption.AllDirectories);
        Assert.That(written, Has.Length.EqualTo(Directory.GetFiles(folder["sft"], "model.safetensors", SearchOption.AllDirectories).Length).And.Length.GreaterThan(1), "the model and its checkpoints");
        int[] ids = Tokenizer.Load(gguf).Encode(Text);
        Assert.Multiple(() =>
        {
            Assert.That(Tokenizer.Load(result.ModelFolder).Encode(Text), Is.EqualTo(ids));
            Assert.That(written.Select(file => Tokenizer.Load(Path.GetDirectoryName(file)!).Encode(Text)), Is.All.EqualTo(ids));
        });
        RewardModelRunOptions next = new()
        {
            Model = result.ModelFolder,
            Data = new PreferenceDataOptions { Path = Write(folder, "{\"prompt\":\"the\",\"chosen\":\" rain\",\"rejected\":\" an\"}\n{\"prompt\":\"the\",\"chosen\":\" in\",\"rejected\":\" at\"}\n") },
            RewardModel = new RewardModelOptions { Epochs = 1, BatchSize = 2 },
            Output = folder["rm"],
            Threads = 1,
        };
        Assert.That(Tokenizer.Load((await new RewardModelRun(next).RunAsync()).ModelFolder).Encode(Text), Is.EqualTo(ids), "the next stage, from the run's model");
    }

    private static string Copy(string name, TemporaryFolder folder)
    {
        GoldenRoots.Demand(GoldenKind.Gguf);
        GoldenFile golden = GoldenRoots.Of(GoldenKind.Gguf).Single(file => Path.GetFileName(file.Name) == name);
        Directory.CreateDirectory(folder["model"]);
        File.WriteAllBytes(folder["model", "model.gguf"], File.ReadAllBytes(Path.ChangeExtension(golden.Path, ".gguf")));
        return folder["model", "model.gguf"];
    }

    private static string Write(TemporaryFolder folder, string rows)
    {
        File.WriteAllText(folder["rows.jsonl"], rows);
        return folder["rows.jsonl"];
    }
}
