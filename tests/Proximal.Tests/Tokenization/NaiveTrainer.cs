using System.Text;
using Proximal.Tokenization.Models;

namespace Proximal.Tests.Tokenization;

/// <summary>Byte-pair training as its definition says: count every pair again for every merge. A reference for tests.</summary>
internal static class NaiveTrainer
{
    /// <summary>The merges of words, spelled in the byte alphabet.</summary>
    public static List<(string Left, string Right)> Train(IEnumerable<string> words, int merges, long minFrequency)
    {
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf((byte)value)).Order().Select(c => c.ToString())];
        List<List<int>> texts = [.. words.Select(word => Encoding.UTF8.GetBytes(word)
            .Select(value => tokens.IndexOf(ByteAlphabet.CharacterOf(value).ToString())).ToList())];
        List<(string, string)> found = [];
        while (found.Count < merges)
        {
            var pairs = texts.SelectMany(text => text.Zip(text.Skip(1))).GroupBy(pair => pair)
                .Select(group => (group.Key, Count: group.LongCount())).ToList();
            if (pairs.Count == 0 || pairs.Max(pair => pair.Count) < minFrequency)
            {
                break;
            }

            (int left, int right) = pairs.OrderByDescending(pair => pair.Count).ThenBy(pair => pair.Key.First).ThenBy(pair => pair.Key.Second).First().Key;
            found.Add((tokens[left], tokens[right]));
            tokens.Add(tokens[left] + tokens[right]);
            texts.ForEach(text => Replace(text, left, right, tokens.Count - 1));
        }

        return found;
    }

    private static void Replace(List<int> text, int left, int right, int merged)
    {
        for (int i = 0; i + 1 < text.Count; i++)
        {
            if (text[i] == left && text[i + 1] == right)
            {
                text[i] = merged;
                text.RemoveAt(i + 1);
            }
        }
    }
}
