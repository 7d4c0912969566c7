using NUnit.Framework;
using Proximal.Data;
using Proximal.Tests.Models;

namespace Proximal.Tests.Data;

public sealed class SequenceStoreTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make_a_folder() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove_it() => _folder.Dispose();

    [Test]
    public void Sequences_are_read_back_in_any_order_and_the_file_is_gone_after()
    {
        // More than its buffer holds, with one that is longer than the buffer.
        int[][] sequences = [.. Enumerable.Range(1, 700).Select(length => Enumerable.Range(length * 1000, length == 350 ? 70_000 : length).ToArray())];
        using (var store = new SequenceStore(_folder["tokens"]))
        {
            foreach (int[] sequence in sequences)
            {
                store.Add(sequence);
            }

            Assert.That(store.Count, Is.EqualTo(700));
            Assert.That(store.Tokens, Is.EqualTo(sequences.Sum(sequence => sequence.Length)));
            foreach (int index in new[] { 699, 0, 349, 350, 1, 349, 600 })
            {
                Assert.That(store.Read(index), Is.EqualTo(sequences[index]));
            }
        }

        Assert.That(File.Exists(_folder["tokens"]), Is.False);
    }

    [Test]
    public void The_fingerprint_is_of_tokens_and_their_division()
    {
        string Of(params int[][] sequences)
        {
            using var store = new SequenceStore(_folder["tokens"]);
            foreach (int[] sequence in sequences)
            {
                store.Add(sequence);
            }

            return store.Fingerprint();
        }

        string first = Of([1, 2], [3]);
        Assert.That(new[] { first, Of([1], [2, 3]), Of([1, 2, 3]), Of([1, 2], [4]), Of([3], [1, 2]), Of() }, Is.Unique);
        Assert.That(Of([1, 2], [3]), Is.EqualTo(first));
    }

    [Test]
    public void A_file_that_cannot_be_made_is_an_input_output_error() =>
        Assert.That(() => new SequenceStore(_folder["absent", "tokens"]), Throws.InstanceOf<IOException>());
}
