namespace Proximal.Training;

/// <summary>How the losses of an optimizer step's tokens become one number. Sequences without response tokens never count.</summary>
public enum LossReductionKind
{
    /// <summary>Mean over all response tokens.</summary>
    TokenMean = 0,

    /// <summary>Mean over sequences of the mean over tokens.</summary>
    SequenceMeanOfTokenMean = 1,

    /// <summary>Mean over sequences of the sum over tokens.</summary>
    SequenceMeanOfTokenSum = 2,

    /// <summary>Mean over sequences of the sum over tokens divided by a fixed length.</summary>
    FixedLength = 3,
}
