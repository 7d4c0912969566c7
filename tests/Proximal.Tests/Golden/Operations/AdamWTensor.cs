using Proximal.Kernels;
using Proximal.Training;

namespace Proximal.Tests.Golden.Operations;

/// <summary>One parameter tensor under AdamW and what it was after each step.</summary>
internal sealed class AdamWTensor(float[] parameters, bool withShadow = false)
{
    private readonly float[] _first = new float[parameters.Length];
    private readonly float[] _second = new float[parameters.Length];
    private readonly ushort[] _shadow = new ushort[withShadow ? parameters.Length : 0];

    /// <summary>The parameters after each step, end to end.</summary>
    public List<double> Trajectory { get; } = [];

    /// <summary>Their bf16 copies after each step, end to end.</summary>
    public List<double> Shadows { get; } = [];

    public double[] FirstMoments => Array.ConvertAll(_first, value => (double)value);

    public double[] SecondMoments => Array.ConvertAll(_second, value => (double)value);

    public void Step(Engine engine, float[] gradient, int step, double rate, AdamWOptions options, double coefficient)
    {
        var arrays = new AdamWArrays
        {
            Parameters = parameters,
            Gradients = gradient,
            FirstMoments = _first,
            SecondMoments = _second,
            Shadow = _shadow,
        };
        AdamW.Step(engine, arrays, step, rate, options, coefficient);
        Trajectory.AddRange(parameters.Select(value => (double)value));
        Shadows.AddRange(_shadow.Select(value => (double)Bfloat16.Widen(value)));
    }
}
