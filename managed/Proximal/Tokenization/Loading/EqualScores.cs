using System.Text;
using Proximal.Tokenization.Models;

namespace Proximal.Tokenization.Loading;

/// <summary>Finds out whether merges with ranks in common do the same when they are put in a list.</summary>
/// <remarks>
/// SentencePiece takes the leftmost of equally good merges, a list has a first one. Divisions of one piece do no harm: where a
/// piece's text is reduced to two tokens, they are always the same two, whatever stands around it. Merges into several pieces
/// do none where they neither overlap nor give each other, or a better merge, something to merge. Llama's runs of spaces have
/// one score and do both; runs of one character are therefore tried out.
/// </remarks>
internal sealed class EqualScores
{
    private const int Repetitions = 8;
    private const int LongestRun = 1024;

    private readonly IReadOnlyList<string> _tokens;
    private readonly ILookup<int, MergeRule> _users;
    private readonly Dictionary<Rune, int> _firstRuns;
    private readonly BytePairEncoding _shared;
    private readonly BytePairEncoding _listed;

    private EqualScores(IReadOnlyList<MergeRule> merges, IReadOnlyList<string> tokens, Vocabulary vocabulary)
    {
        _tokens = tokens;
        _users = merges.SelectMany(merge => ((int[])[merge.Left, merge.Right]).Distinct().Select(part => (part, merge))).ToLookup(item => item.part, item => item.merge);
        _firstRuns = merges.Where(merge => RunOf(merge.Merged) is not null)
            .GroupBy(merge => RunOf(merge.Merged)!.Value)
            .ToDictionary(group => group.Key, group => group.Min(merge => merge.Rank));
        _shared = new BytePairEncoding(vocabulary, MergeTable.Of(merges), new BytePairOptions());
        _listed = new BytePairEncoding(vocabulary, MergeTable.Of([.. merges.Select((merge, place) => merge with { Rank = place })]), new BytePairOptions());
    }

    /// <summary>Two pieces that a list would treat otherwise; <see langword="null"/>: there are none.</summary>
    /// <param name="merges">The merges in the order of the list.</param>
    /// <param name="tokens">The texts of the ids.</param>
    /// <param name="vocabulary">The vocabulary.</param>
    public static (int First, int Second)? Find(IReadOnlyList<MergeRule> merges, IReadOnlyList<string> tokens, Vocabulary vocabulary)
    {
        MergeRule[][] groups = [.. merges.GroupBy(merge => merge.Rank).Select(group => group.ToArray()).Where(group => group.Any(merge => merge.Merged != group[0].Merged))];
        if (groups.Length == 0)
        {
            return null;
        }

        var check = new EqualScores(merges, tokens, vocabulary);
        return groups.Select(check.FindIn).FirstOrDefault(found => found is not null);
    }

    private (int First, int Second)? FindIn(MergeRule[] group)
    {
        int[] products = [.. group.Select(merge => merge.Merged).Distinct()];
        return FindUse(group[0].Rank, products) ?? FindOverlap(group) ?? FindRun([.. products.Where(product => RunOf(product) is not null)]);
    }

    /// <summary>A piece of the group that the group itself, or a better merge, goes on with; runs of one character have a trial of their own.</summary>
    private (int First, int Second)? FindUse(int rank, int[] products)
    {
        foreach (int product in products)
        {
            foreach (MergeRule user in _users[product].Where(user => user.Rank < rank || (user.Rank == rank && RunOf(user.Merged) is null)))
            {
                return (product, user.Merged);
            }

            if (RunOf(product) is { } character && _firstRuns[character] < rank)
            {
                return (product, products.First(other => other != product));
            }
        }

        return null;
    }

    private (int First, int Second)? FindOverlap(MergeRule[] group)
    {
        ILookup<int, MergeRule> byLeft = group.ToLookup(merge => merge.Left);
        foreach (MergeRule merge in group)
        {
            Rune? run = RunOf(merge.Merged);
            foreach (MergeRule next in byLeft[merge.Right].Where(next => next.Merged != merge.Merged && (run is null || RunOf(next.Merged) != run)))
            {
                return (merge.Merged, next.Merged);
            }
        }

        return null;
    }

    /// <summary>Before the group's turn a run is single characters between other tokens, so that its length says all.</summary>
    private (int First, int Second)? FindRun(int[] runs)
    {
        foreach (IGrouping<Rune, int> same in runs.GroupBy(run => RunOf(run)!.Value).Where(same => same.Count() > 1))
        {
            string character = same.Key.ToString();
            int longest = Math.Min(LongestRun, Repetitions * same.Max(run => _tokens[run].Length) / character.Length);
            for (int length = 2; length <= longest; length++)
            {
                string text = string.Concat(Enumerable.Repeat(character, length));
                if (!Cut(_shared, text).SequenceEqual(Cut(_listed, text)))
                {
                    return (same.First(), same.Last());
                }
            }
        }

        return null;
    }

    /// <summary>The character that a piece repeats; <see langword="null"/>: it has several.</summary>
    private Rune? RunOf(int id)
    {
        Rune? only = null;
        foreach (Rune rune in _tokens[id].EnumerateRunes())
        {
            if (rune != (only ??= rune))
            {
                return null;
            }
        }

        return only;
    }

    private static List<int> Cut(BytePairEncoding model, string text)
    {
        List<int> ids = [];
        model.Encode(text, ids, spans: null);
        return ids;
    }
}
