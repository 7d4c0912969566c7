namespace Proximal.Training.Ppo;

/// <summary>What the critic regresses on.</summary>
public enum ReturnTarget
{
    /// <summary>Advantage plus value: GAE's lambda-return.</summary>
    Lambda = 0,

    /// <summary>Reward plus gamma times the next value.</summary>
    OneStep = 1,
}
