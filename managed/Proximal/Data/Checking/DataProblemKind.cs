namespace Proximal.Data.Checking;

/// <summary>What can be wrong with data.</summary>
public enum DataProblemKind
{
    /// <summary>Error: a row is no JSON object, or the file is not what its ending says.</summary>
    Malformed = 0,

    /// <summary>Error: a field is not there.</summary>
    MissingField = 1,

    /// <summary>Error: a field does not hold what it has to, such as a text or a margin of at least 0.</summary>
    WrongValue = 2,

    /// <summary>Error: a text is empty.</summary>
    Empty = 3,

    /// <summary>Error: a row has both prompt or response and a text that is learned as a whole.</summary>
    Ambiguous = 4,

    /// <summary>Error: a prompt stands in two splits, so that what is measured on one was learned from the other.</summary>
    Leakage = 5,

    /// <summary>Warning: a text is nothing but white space.</summary>
    Blank = 6,

    /// <summary>Warning: both answers are the same, so that the pair says nothing; runs leave it out.</summary>
    Identical = 7,

    /// <summary>Warning: both answers are the same but for case and white space.</summary>
    Alike = 8,

    /// <summary>Warning: a row says again what an earlier one said.</summary>
    Duplicate = 9,

    /// <summary>Warning: a pair says the opposite of an earlier one.</summary>
    Contradiction = 10,

    /// <summary>Warning: a margin of 0 is given, so that the row itself calls the pair a tie.</summary>
    Tie = 11,

    /// <summary>Warning: a sequence has more tokens than fit.</summary>
    TooLong = 12,

    /// <summary>Warning: a prompt leaves no room for a token of the response.</summary>
    NoRoom = 13,

    /// <summary>Warning: the sequences of both answers are the same once they are cut to what fits; runs leave the pair out.</summary>
    EqualOnceCut = 14,

    /// <summary>Error: with its prompt an answer comes to no token of its own, or the chat template does not take the messages.</summary>
    NoTokens = 15,

    /// <summary>Warning: the length alone tells which answer was chosen.</summary>
    LengthTells = 16,

    /// <summary>Warning: counts of words alone tell which answer was chosen.</summary>
    WordsTell = 17,

    /// <summary>Warning: every line of a text file ends with a tab and a number, a label that would be read as a part of the text.</summary>
    LabelledLines = 18,
}
