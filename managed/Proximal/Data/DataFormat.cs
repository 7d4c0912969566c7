namespace Proximal.Data;

/// <summary>Whose form the rows of a data file have.</summary>
/// <remarks>ROWS.md beside this file shows each.</remarks>
public enum DataFormat
{
    /// <summary>Recognised by the fields of a file's first rows; rows that fit several forms are an error that names them.</summary>
    Auto = 0,

    /// <summary>TRL's: prompt, completion or response, text, messages, chosen, rejected, margin, label; other names by <c>fields</c>.</summary>
    Trl = 1,

    /// <summary>LLaMA-Factory's alpaca: instruction, input, output, system, history, or chosen and rejected.</summary>
    Alpaca = 2,

    /// <summary>LLaMA-Factory's sharegpt: conversations of from and value, system, tools, or chosen and rejected.</summary>
    Sharegpt = 3,

    /// <summary>Anthropic's HH: chosen and rejected are whole transcripts of Human and Assistant.</summary>
    Hh = 4,

    /// <summary>DeepSpeed-Chat's: a prompt that is a transcript up to "Assistant:", chosen and rejected; supervised runs learn the chosen answer.</summary>
    DeepspeedChat = 5,

    /// <summary>OpenRLHF's: input and output; other names by <c>fields</c>.</summary>
    Openrlhf = 6,

    /// <summary>verl's: a prompt of messages, reward_model.ground_truth, data_source and extra_info.</summary>
    Verl = 7,
}
