"""Time of structural features: every family against networkx, and what the search extracts of its candidates.

    python tests/benchmarks/features.py
    python tests/benchmarks/features.py --quick

The graphs have 300 vertices, half of them Watts-Strogatz graphs, half Barabasi-Albert graphs. networkx computes
the same measures of a few of them, and its time is scaled to the number of graphs. For sigma and omega it swaps as
many edges; of the lattice, on which its own way takes minutes, it is given ours.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import timing  # first: it settles the number of threads  # isort: skip
import networkx as nx
import numpy as np
from networkx.algorithms.bipartite.cluster import cc_dot

from predictors.features import FAMILIES, Graph, extract
from predictors.features.references import RANDOM_ROUNDS, lattice_reference
from predictors.features.small_world import N_RANDOM, SEED
from search_spaces import MLPSpace

N_VERTICES = 300


def drawn(n_graphs: int, seed: int) -> list[nx.Graph]:
    """Graphs of N_VERTICES, Watts-Strogatz and Barabasi-Albert in turns, of mean degrees from 4 to 12."""
    rng = np.random.default_rng(seed)
    graphs = []
    for place in range(n_graphs):
        half, own = int(rng.integers(2, 7)), int(rng.integers(2**31))
        if place % 2 == 0:
            rewiring = float(10 ** rng.uniform(-1.5, 0))
            graphs.append(nx.connected_watts_strogatz_graph(N_VERTICES, 2 * half, rewiring, seed=own))
        else:
            graphs.append(nx.barabasi_albert_graph(N_VERTICES, half, seed=own))
    return graphs


def ours(graph: nx.Graph) -> Graph:
    return Graph.from_edges(np.array(graph.edges), len(graph))


def size(graph: nx.Graph) -> object:
    layers = list(nx.topological_generations(upwards(graph)))
    return len(graph), graph.number_of_edges(), nx.density(graph), len(layers[0]), len(layers[-1])


def degrees(graph: nx.Graph) -> object:
    directed = upwards(graph)
    degree_lists = [list(dict(view).values()) for view in (graph.degree, directed.in_degree, directed.out_degree)]
    return nx.degree_centrality(graph), nx.degree_pearson_correlation_coefficient(graph), degree_lists


def paths(graph: nx.Graph) -> object:
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    return (
        nx.eccentricity(graph, sp=lengths),
        sum(sum(reached.values()) for reached in lengths.values()),
        nx.closeness_centrality(graph),
        nx.betweenness_centrality(graph),
        nx.edge_betweenness_centrality(graph),
        nx.dag_longest_path_length(upwards(graph)),
        paths_across(graph),
    )


def clustering(graph: nx.Graph) -> object:
    overlap = [cc_dot(set(graph[u]), set(graph[v])) for u in graph for v in second_neighbours(graph, u)]
    return nx.transitivity(graph), nx.clustering(graph), overlap, nx.square_clustering(graph)


def small_world(graph: nx.Graph) -> object:
    lattice = lattice_reference(ours(graph), np.random.default_rng(SEED))
    compared = [graph, nx.Graph(zip(lattice.sources.tolist(), lattice.targets.tolist(), strict=True))]
    n_swaps = RANDOM_ROUNDS * graph.number_of_edges() // 2
    for seed in range(N_RANDOM):
        compared.append(nx.double_edge_swap(graph.copy(), n_swaps, max_tries=100 * n_swaps, seed=seed))
    return [
        (nx.transitivity(g), nx.average_clustering(g), [nx.single_source_shortest_path_length(g, v) for v in g])
        for g in compared
    ]


def spectrum(graph: nx.Graph) -> object:
    return (
        nx.adjacency_spectrum(graph),
        nx.laplacian_spectrum(graph),
        nx.normalized_laplacian_spectrum(graph),
        nx.number_of_spanning_trees(graph),
        nx.effective_graph_resistance(graph),
    )


NETWORKX: dict[str, Callable[[nx.Graph], object]] = {
    "size": size,
    "degrees": degrees,
    "paths": paths,
    "clustering": clustering,
    "small_world": small_world,
    "spectrum": spectrum,
}


def upwards(graph: nx.Graph) -> nx.DiGraph:
    directed = nx.DiGraph()
    directed.add_nodes_from(graph)
    directed.add_edges_from((min(edge), max(edge)) for edge in graph.edges)
    return directed


def paths_across(graph: nx.Graph) -> float:
    """Logarithm of the number of paths from sources to sinks."""
    directed = upwards(graph)
    counts: dict[int, int] = {}
    for vertex in nx.topological_sort(directed):
        counts[vertex] = sum(counts[u] for u in directed.predecessors(vertex)) or 1
    return math.log(sum(counts[vertex] for vertex in directed if directed.out_degree(vertex) == 0))


def second_neighbours(graph: nx.Graph, vertex: int) -> set[int]:
    return {second for first in graph[vertex] for second in graph[first]} - {vertex}


def seconds_of(call: Callable[..., object], *arguments: object) -> float:
    """Seconds of the processor, which other processes do not lengthen; one thread does all the work."""
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def family_rows(graphs: list[nx.Graph], n_sample: int) -> list[tuple[str, ...]]:
    """Seconds of each family for all graphs, of networkx for a sample, scaled, and the ratio."""
    values = [ours(graph) for graph in graphs]  # the same ones for all families, so that what they share counts once
    mine = {name: sum(seconds_of(family.describe, g) for g in values) for name, family in FAMILIES.items()}
    sample = graphs[:n_sample]
    scale = len(graphs) / n_sample
    theirs = {name: scale * sum(seconds_of(call, g) for g in sample) for name, call in NETWORKX.items()}
    rows = []
    for name, own in mine.items():
        other = theirs.get(name)
        ratio = ("-", "-") if other is None else (f"{other:.1f}", timing.three_digits(other / own))
        rows.append((name, f"{own:.2f}", *ratio))
    shared = sum(mine[name] for name in theirs)
    whole = sum(theirs.values())
    return [*rows, ("all that networkx has", f"{shared:.2f}", f"{whole:.1f}", timing.three_digits(whole / shared))]


def extract_rows(effort: timing.Effort, n_networks: int) -> list[tuple[str, ...]]:
    """Milliseconds that the search takes to describe a candidate, by its size."""
    rows = []
    for neurons in (50, 200, 1000):
        space = MLPSpace(64, 10, 100_000, neurons=(neurons * 9 // 10, neurons * 11 // 10))
        rng = np.random.default_rng(0)
        genotypes = [space.sample(rng) for _ in range(n_networks)]
        wired = [(genotype, space.wire(genotype)) for genotype in genotypes]
        times = np.array([[seconds_of(extract, *pair) for pair in wired] for _ in range(effort.turns)])
        each = 1e3 * np.median(times, axis=0)
        edges = [len(wiring.hidden_edges()[0]) for _, wiring in wired]
        rows.append((f"{neurons}", f"{np.mean(edges):,.0f}", *(f"{x:.1f}" for x in (np.median(each), each.max()))))
    return rows


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--graphs", type=int, default=1000, help="number of graphs")
    parser.add_argument("--sample", type=int, default=10, help="how many of them networkx is timed on")
    parser.add_argument("--seed", type=int, default=0, help="of the graphs")
    arguments = parser.parse_args()
    effort = timing.QUICK if arguments.quick else timing.FULL
    n_graphs, n_sample = (20, 2) if arguments.quick else (arguments.graphs, arguments.sample)

    graphs = drawn(n_graphs, arguments.seed)
    edges = np.mean([graph.number_of_edges() for graph in graphs])
    note = f"{n_graphs} graphs of {N_VERTICES} vertices and {edges:,.0f} edges, seed {arguments.seed}"
    print(timing.header("numpy", "networkx", "rustworkx", note=f"{note}; networkx on {n_sample} of them, scaled"))
    print(timing.table(["family", "seconds", "networkx, seconds", "times faster"], family_rows(graphs, n_sample)))
    networks = extract_rows(effort, 4 if arguments.quick else 20)
    print(timing.table(["neurons", "hidden edges", "`extract`, ms: median network", "slowest"], networks))


if __name__ == "__main__":
    main()
