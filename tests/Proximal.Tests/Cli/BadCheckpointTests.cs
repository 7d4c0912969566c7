using System.Text;
using NUnit.Framework;

namespace Proximal.Tests.Cli;

/// <summary>Run folders that --resume cannot go on from: the message names the checkpoint or the key, and what to do.</summary>
public sealed class BadCheckpointTests
{
    private TinyFolder _tiny = null!;

    /// <summary>What is done to the folder of an unfinished run of two checkpoints, and to its options.</summary>
    private static readonly (string Name, string Command, Action<string> Spoil, string[] More, string[] Says)[] Table =
    [
        ("states cut in the middle", "ppo", run => Every(run, "state.json", bytes => bytes[..(bytes.Length / 2)]), [], ["step-000002: state.json has ", " were written", "None of the 2 checkpoints", "start the run again in another folder"]),
        ("states that are gone", "ppo", run => Every(run, "state.json", null), [], ["state.json is missing", "None of the 2 checkpoints"]),
        ("weights with a flipped bit", "ppo", run => Every(run, "actor/model.safetensors", Flip), [], ["actor/model.safetensors is damaged", "None of the 2 checkpoints"]),
        ("a critic that is gone", "ppo", run => Every(run, "critic/model.safetensors", null), [], ["critic/model.safetensors is missing", "None of the 2 checkpoints"]),
        ("checksums that are no JSON", "ppo", run => Every(run, "checksums.json", _ => "{"u8.ToArray()), [], ["checksums.json", "None of the 2 checkpoints"]),
        ("checksums that are gone", "ppo", run => Every(run, "checksums.json", null), [], ["checksums.json is missing", "None of the 2 checkpoints"]),
        ("empty files", "ppo", run => Every(run, "state.json", _ => []), [], ["step-000002: state.json has 0 bytes", "None of the 2 checkpoints"]),
        ("moments that are cut", "sft", run => Every(run, "model.optimizer.safetensors", bytes => bytes[..^8]), [], ["model.optimizer.safetensors has ", "None of the 2 checkpoints"]),
        ("states of an SFT run that are gone", "sft", run => Every(run, "state.json", null), [], ["state.json is missing", "None of the 2 checkpoints"]),
        ("a file where the checkpoints were", "ppo", run =>
        {
            Directory.Delete(Path.Combine(run, "checkpoints"), recursive: true);
            File.WriteAllText(Path.Combine(run, "checkpoints"), "x");
        }, [], ["step-000001 cannot be written", "checkpoints' already exists", "There is no earlier one"]),
        ("a metrics file that is cut", "ppo", run => Change(Path.Combine(run, "metrics.jsonl"), bytes => bytes[..^20]), [], ["metrics.jsonl has changed since the checkpoint"]),
        ("a metrics file that is gone", "ppo", run => File.Delete(Path.Combine(run, "metrics.jsonl")), [], ["metrics.jsonl has changed since the checkpoint", "(it has 0)"]),
        ("a metrics file of another run", "sft", run => Change(Path.Combine(run, "metrics.jsonl"), _ => "{\"step\":7}\n"u8.ToArray()), [], ["metrics.jsonl has changed since the checkpoint"]),
        ("samples that are gone", "ppo", run => File.Delete(Path.Combine(run, "samples.jsonl")), [], ["samples.jsonl has changed since the checkpoint", "(it has 0)"]),
        ("another seed", "ppo", _ => { }, ["seed=9"], ["seed was 1 and is 9 now", "Put it back, or start a new run in another folder"]),
        ("another clip", "ppo", _ => { }, ["ppo.clip_low=0.3"], ["ppo.clip_low was 0.2 and is 0.3 now"]),
        ("another reward", "ppo", _ => { }, ["rewards[0].type=length"], ["rewards[0]", "length"]),
        ("another number of threads", "ppo", _ => { }, ["threads=2"], ["threads was 1 and is 2 now"]),
        ("more steps under a schedule", "ppo", _ => { }, ["ppo.steps=3"], ["ppo.steps was 2 and is 3 now"]),
        ("another batch", "sft", _ => { }, ["sft.batch_size=2"], ["sft.batch_size was 3 and is 2 now"]),
        ("another split", "sft", _ => { }, ["validation.split_seed=2"], ["validation.split_seed was 1 and is 2 now"]),
        ("another data file", "sft", _ => { }, ["data.path={tiny}/other.jsonl"], ["data: its content is not what it was"]),
        ("other prompts", "ppo", _ => { }, ["prompts.path={tiny}/others.jsonl"], ["prompts: its content is not what it was"]),
        ("a misspelt key", "ppo", _ => { }, ["ppo.step=3"], ["ppo.step: unknown key; did you mean 'steps'?"]),
        ("an SFT run in its folder", "ppo", run => Replace(run, "sft"), [], ["sft"]),
        ("a PPO run in its folder", "sft", run => Replace(run, "ppo"), [], ["ppo"]),
    ];

    private static IEnumerable<string> Names => Table.Select(row => row.Name);

    [OneTimeSetUp]
    public void Run_once()
    {
        _tiny = BadRun.CreateFolder();
        _tiny.Write("other.jsonl", File.ReadAllText(_tiny["rows.jsonl"]).Replace("bed", "bad", StringComparison.Ordinal));
        _tiny.Write("others.jsonl", File.ReadAllText(_tiny["prompts.jsonl"]).Replace("\"a\"", "\"g\"", StringComparison.Ordinal));
        foreach (string command in new[] { "ppo", "sft" })
        {
            CliRun run = CliRun.Of(string.Empty, [.. BadRun.Of(_tiny, command), "--set", $"output={_tiny[$"{command}-whole"]}"]);
            Assert.That(run.Code, Is.Zero, run.Error);
            // As a crash before the model was written leaves it.
            Directory.Delete(_tiny[$"{command}-whole", "model"], recursive: true);
            Assert.That(Directory.GetDirectories(_tiny[$"{command}-whole", "checkpoints"]), Has.Length.EqualTo(2));
        }
    }

    [OneTimeTearDown]
    public void Remove_it() => _tiny.Dispose();

    [TestCaseSource(nameof(Names))]
    public void A_folder_that_cannot_be_resumed_says_why(string name)
    {
        (_, string command, Action<string> spoil, string[] more, string[] says) = Table.Single(row => row.Name == name);
        string run = _tiny["case"];
        Copy(_tiny[$"{command}-whole"], run);
        try
        {
            spoil(run);
            string[] set = [.. more.Prepend($"output={run}").SelectMany(change => new[] { "--set", change.Replace("{tiny}", Path.GetDirectoryName(run), StringComparison.Ordinal) })];
            int code = says[0].Contains("unknown key", StringComparison.Ordinal) ? 2 : says[0].Contains(" since ", StringComparison.Ordinal) || says[0].Contains(" cannot be written", StringComparison.Ordinal) ? 4 : 3;
            BadRun.Check(new BadInput(name, code, tiny => [.. BadRun.Of(tiny, command), "--resume", .. set], says), _tiny);
        }
        finally
        {
            Directory.Delete(run, recursive: true);
        }
    }

    [TestCase("ppo")]
    [TestCase("sft")]
    public void Without_a_fault_it_goes_on(string command)
    {
        string run = _tiny["good"];
        Copy(_tiny[$"{command}-whole"], run);
        CliRun resumed = CliRun.Of(string.Empty, [.. BadRun.Of(_tiny, command), "--resume", "--set", $"output={run}"]);
        Directory.Delete(run, recursive: true);
        Assert.That((resumed.Code, resumed.Output), Is.EqualTo((0, run + "\n")), resumed.Error);
    }

    /// <summary>Changes a file of every checkpoint, or removes it.</summary>
    private static void Every(string run, string file, Func<byte[], byte[]>? change)
    {
        foreach (string checkpoint in Directory.GetDirectories(Path.Combine(run, "checkpoints")))
        {
            string path = Path.Combine(checkpoint, file);
            Assert.That(path, Does.Exist);
            if (change is null)
            {
                File.Delete(path);
            }
            else
            {
                Change(path, change);
            }
        }
    }

    private static void Change(string file, Func<byte[], byte[]> change) => File.WriteAllBytes(file, change(File.ReadAllBytes(file)));

    private static byte[] Flip(byte[] bytes)
    {
        bytes[^10] ^= 4;
        return bytes;
    }

    /// <summary>The folder holds the run of another command.</summary>
    private static void Replace(string run, string command)
    {
        Directory.Delete(run, recursive: true);
        Copy(Path.Combine(Path.GetDirectoryName(run)!, $"{command}-whole"), run);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
