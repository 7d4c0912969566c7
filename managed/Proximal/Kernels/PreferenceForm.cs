namespace Proximal.Kernels;

/// <summary>
/// Losses of preferences between answers. u, v: log-ratio of the chosen and the rejected answer, after the divergence;
/// x = beta (u - v) - margin; r = beta u; s = beta v; e: the label smoothing; z: the reference point.
/// </summary>
public enum PreferenceForm
{
    /// <summary>DPO (arXiv 2305.18290): (1 - e) (-log sigmoid(x)) + e (-log sigmoid(-x)); with means and a margin SimPO.</summary>
    Sigmoid = 1,

    /// <summary>SLiC (arXiv 2305.10425): max(0, 1 - x).</summary>
    Hinge = 2,

    /// <summary>IPO (arXiv 2310.12036): (u - v - 1 / (2 beta))².</summary>
    Ipo = 3,

    /// <summary>Robust DPO (arXiv 2403.00409): ((1 - e) (-log sigmoid(x)) - e (-log sigmoid(-x))) / (1 - 2 e).</summary>
    Robust = 4,

    /// <summary>EXO (arXiv 2402.00856): the KL divergence of sigmoid(x) from 1 - e, with e above 0.</summary>
    Exo = 5,

    /// <summary>NCA (arXiv 2402.05369): -log sigmoid(r) - log sigmoid(-r) / 2 - log sigmoid(-s) / 2.</summary>
    Nca = 6,

    /// <summary>SPPO with hard labels (arXiv 2405.00675): (u - 1 / (2 beta))² + (v + 1 / (2 beta))².</summary>
    Sppo = 7,

    /// <summary>APO-zero (arXiv 2408.06266): sigmoid(-r) + sigmoid(s).</summary>
    ApoZero = 8,

    /// <summary>APO-down: sigmoid(r) + sigmoid(-x).</summary>
    ApoDown = 9,

    /// <summary>DiscoPOP (arXiv 2406.08414): (1 - g) (-log sigmoid(x)) + g exp(-x) with g = sigmoid(x / tau).</summary>
    DiscoPop = 10,

    /// <summary>ORPO (arXiv 2403.07691): -beta log sigmoid of the log odds ratio; of means, without a reference.</summary>
    Orpo = 11,

    /// <summary>KTO (arXiv 2402.01306), of single answers: sigmoid(z - r) of desirable ones, sigmoid(r - z) of others.</summary>
    Kto = 12,

    /// <summary>BCO (arXiv 2404.04656), of single answers: -log sigmoid(r - z) of desirable ones, of z - r of others.</summary>
    Bco = 13,
}
