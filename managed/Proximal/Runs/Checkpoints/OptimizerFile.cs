using System.Globalization;
using Proximal.Models;
using Proximal.Training;

namespace Proximal.Runs.Checkpoints;

/// <summary>AdamW's memory as a safetensors file: <c>exp_avg.NAME</c> and <c>exp_avg_sq.NAME</c> of each tensor, and the step.</summary>
internal static class OptimizerFile
{
    private const string First = "exp_avg.";
    private const string Second = "exp_avg_sq.";
    private const string Step = "step";

    public static string NameOf(string model) => $"{model}.optimizer.safetensors";

    public static void Write(string path, Trainer trainer)
    {
        IReadOnlyList<TensorInfo> tensors = trainer.Model.Tensors;
        using var file = new TensorFileWriter(
            path,
            [
                .. tensors.SelectMany(tensor => new (string, IReadOnlyList<long>)[]
                {
                    (First + tensor.Name, tensor.Shape), (Second + tensor.Name, tensor.Shape),
                }),
            ],
            new Dictionary<string, string> { [Step] = trainer.Steps.ToString(CultureInfo.InvariantCulture) });
        foreach (TensorInfo tensor in tensors)
        {
            float[] first = new float[tensor.Elements];
            float[] second = new float[tensor.Elements];
            trainer.ReadMoments(tensor.Index, first, second);
            file.Write(first);
            file.Write(second);
        }

        file.Finish();
    }

    public static void Read(string path, Trainer trainer)
    {
        using var file = new TensorFileReader(path);
        foreach (TensorInfo tensor in trainer.Model.Tensors)
        {
            float[] first = new float[tensor.Elements];
            float[] second = new float[tensor.Elements];
            file.Read(First + tensor.Name, tensor.Shape, first);
            file.Read(Second + tensor.Name, tensor.Shape, second);
            trainer.WriteMoments(tensor.Index, first, second);
        }

        trainer.Steps = long.TryParse(file.Metadata(Step), NumberStyles.None, CultureInfo.InvariantCulture, out long steps)
            ? steps
            : throw new CheckpointException(path, $"{path}: '{file.Metadata(Step)}' is no step count.");
    }
}
