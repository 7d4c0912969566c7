using Proximal.Data;
using Proximal.Internal;
using Proximal.Rewards;

namespace Proximal.Tests.Training.Learning;

/// <summary>
/// Walks on trlX's directed graph of 21 nodes (seed 1002, an edge in ten) to node 0: a walk of n nodes that gets there is
/// worth (10 - n) / (10 - n of the shortest one), any other nothing.
/// </summary>
internal sealed class RandomWalks
{
    public const int Nodes = 21;
    public const int End = 21;
    public const int Goal = 0;
    public const int Longest = 10;

    private const uint GraphSeed = 1002;
    private const double EdgeShare = 0.1;

    private readonly bool[,] _edges;
    private readonly int[] _shortest = new int[Nodes];

    public RandomWalks()
    {
        _edges = Graph();
        for (int start = 0; start < Nodes; start++)
        {
            _shortest[start] = ShortestFrom(start);
        }

        Reward = new DelegateReward("optimality", row => Optimality([.. row.PromptTokens, .. row.ResponseTokens]));
    }

    public DelegateReward Reward { get; }

    /// <summary>Every node but the goal, as a prompt of one token.</summary>
    public IReadOnlyList<Prompt> Prompts { get; } =
        [.. Enumerable.Range(1, Nodes - 1).Select(node => new Prompt { Tokens = [node] })];

    /// <summary>Nodes of the shortest walk from each node to the goal, both counted.</summary>
    public IReadOnlyList<int> Shortest => _shortest;

    /// <summary>Walks from random nodes along random edges, up to the goal or ten nodes, each with an end.</summary>
    public IReadOnlyList<SftExample> Walks(int count, ulong seed)
    {
        var random = new RandomStream(seed, stream: 99);
        var walks = new SftExample[count];
        for (int i = 0; i < count; i++)
        {
            var walk = new List<int> { 1 + random.Next(Nodes - 1) };
            while (walk.Count < Longest && walk[^1] != Goal)
            {
                int[] next = [.. Enumerable.Range(0, Nodes).Where(node => _edges[walk[^1], node])];
                walk.Add(next[random.Next(next.Length)]);
            }

            walks[i] = new SftExample { Tokens = [.. walk, End], PromptTokens = 1 };
        }

        return walks;
    }

    /// <summary>What a walk is worth, in [0, 1].</summary>
    public double Optimality(int[] walk)
    {
        for (int i = 0; i < walk.Length; i++)
        {
            if (walk[i] >= Nodes || (i > 0 && !_edges[walk[i - 1], walk[i]]))
            {
                return 0;
            }

            if (walk[i] == Goal)
            {
                return Math.Max(0, Longest - (i + 1)) / (double)(Longest - _shortest[walk[0]]);
            }
        }

        return 0;
    }

    private static bool[,] Graph()
    {
        var random = new MersenneTwister(GraphSeed);
        bool[,] edges = new bool[Nodes, Nodes];
        do
        {
            for (int from = 0; from < Nodes; from++)
            {
                for (int to = 0; to < Nodes; to++)
                {
                    edges[from, to] = random.NextDouble() > 1 - EdgeShare && from != to;
                }
            }
        }
        while (Enumerable.Range(0, Nodes).Any(from => !Enumerable.Range(0, Nodes).Any(to => edges[from, to])));
        for (int to = 0; to < Nodes; to++)
        {
            edges[Goal, to] = to == Goal;
        }

        return edges;
    }

    private int ShortestFrom(int start)
    {
        int[] nodes = new int[Nodes];
        nodes[start] = 1;
        var queue = new Queue<int>([start]);
        while (queue.TryDequeue(out int at))
        {
            for (int to = 0; to < Nodes; to++)
            {
                if (_edges[at, to] && nodes[to] == 0)
                {
                    nodes[to] = nodes[at] + 1;
                    queue.Enqueue(to);
                }
            }
        }

        return nodes[Goal] is > 0 and <= Longest ? nodes[Goal] : Longest;
    }
}
