"""Graphs as text in a cell: a list of edges, or node-link JSON as networkx writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from predictors.errors import PredictorError
from predictors.features import Graph
from predictors.tables.wording import quoted

MOST_VERTICES = 10_000
"""Features of a larger graph would take too much time and memory."""
LARGEST_NUMBER = 999_999
"""A larger vertex number is taken for a slip."""

_TOKEN = re.compile(r"(\d+)(?:(-|>|->)(\d+))?", re.ASCII)
_HOW = "write edges as 0-1 0-2 (directed: 0>1 0>2), or node-link JSON"

Edge = tuple[str | int, str | int]


def parse_graph(text: str, is_directed: bool | None = None) -> Graph:
    """The graph that a text describes.

    Edges are separated by spaces or commas: ``0-1 0-2`` without a direction, ``0>1`` or ``0->1`` with one. Vertices
    are the numbers that occur, in their order; one without edges is a number alone. Vertices of JSON are in the order
    of their numbers, or in that of the text where they have other names.

    Args:
        text: A list of edges, or JSON with "nodes" and "edges" (or "links").
        is_directed: True reads every edge from its first end to its second, False as one without a direction; None
            as the text says.

    Raises:
        PredictorError: It is not a graph; an edge is a loop or occurs twice; a directed graph has a cycle; there are
            too many vertices. The message does not say where the text is from.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        return _from_json(stripped, is_directed)
    vertices: set[int] = set()
    edges: list[tuple[int, int]] = []
    signs: set[str] = set()
    for token in stripped.replace(",", " ").replace(";", " ").split():
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise PredictorError(f"{quoted(token)} is not an edge; {_HOW}.")
        ends = [_vertex(end) for end in (match[1], match[3]) if end is not None]
        vertices.update(ends)
        if match[2] is not None:
            signs.add("-" if match[2] == "-" else ">")
            edges.append((ends[0], ends[1]))
    if not vertices:
        raise PredictorError(f"no graph is given; {_HOW}.")
    if len(signs) > 1:
        raise PredictorError(f"{quoted(text)} has edges with and without a direction; give all or none one.")
    return build_graph(sorted(vertices), edges, signs == {">"}, is_directed)


def edge_text(graph: Graph) -> str:
    """The list of edges that `parse_graph` reads as this graph."""
    sign = ">" if graph.is_directed else "-"
    edges = list(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    joined = {end for edge in edges for end in edge}
    alone = [str(vertex) for vertex in range(graph.n_vertices) if vertex not in joined]
    return " ".join([f"{source}{sign}{target}" for source, target in edges] + alone)


def build_graph(vertices: Sequence[str | int], edges: Sequence[Edge], said: bool, wanted: bool | None) -> Graph:
    """The graph with these vertices and edges, checked.

    Args:
        vertices: Distinct names, in the order in which they are numbered.
        edges: Pairs of them.
        said: Whether the source of the graph calls it directed.
        wanted: As `parse_graph`.

    Raises:
        PredictorError: As `parse_graph`.
    """
    if not vertices:
        raise PredictorError("the graph has no vertex; remove the row.")
    if len(vertices) > MOST_VERTICES:
        raise PredictorError(f"the graph has {len(vertices)} vertices; at most {MOST_VERTICES} are possible.")
    is_directed = said if wanted is None else wanted
    place = {name: i for i, name in enumerate(vertices)}
    seen: dict[tuple[int, int], tuple[int, int]] = {}
    for source, target in edges:
        pair = place[source], place[target]
        if pair[0] == pair[1]:
            raise PredictorError(f"edge {source}-{target} joins a vertex to itself; remove it.")
        key = pair if is_directed else (min(pair), max(pair))
        if key in seen:
            if said and not is_directed and seen[key] != pair:
                continue  # both directions of one edge, and directions are not wanted
            raise PredictorError(f"edge {source}-{target} is given twice; remove one.")
        seen[key] = pair
    graph = Graph.from_edges(list(seen.values()), len(vertices), is_directed)
    if is_directed and not graph.is_acyclic:
        cycle = "-".join(str(vertices[i]) for i in _find_cycle(graph))
        raise PredictorError(
            f"the directed graph has the cycle {cycle}, and paths from inputs to outputs need an acyclic one; "
            "remove an edge, or pass --undirected."
        )
    return graph


def _from_json(text: str, wanted: bool | None) -> Graph:
    try:
        content: Any = json.loads(text)
        raw = content["edges"] if "edges" in content else content["links"]
        names = [_name(node["id"]) for node in content["nodes"]]
        edges = [(_name(edge["source"]), _name(edge["target"])) for edge in raw]
        said = bool(content.get("directed", False))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PredictorError(f"{quoted(text)} is not node-link JSON with nodes and edges; {_HOW}.") from None
    return graph_of_names(names, edges, said, wanted)


def graph_of_names(names: Sequence[str | int], edges: Sequence[Edge], said: bool, wanted: bool | None) -> Graph:
    """As `build_graph`, of vertices in any order, whose names may be unknown or occur twice."""
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise PredictorError(f"node {quoted(str(twice))} is given twice; remove one.")
    known = set(names)
    for edge in edges:
        for end in edge:
            if end not in known:
                raise PredictorError(f"edge {edge[0]}-{edge[1]} has an end that is not among the nodes; add it.")
    numbers = [name for name in names if isinstance(name, int)]
    return build_graph(sorted(numbers) if len(numbers) == len(names) else names, edges, said, wanted)


def _name(value: Any) -> str | int:
    """Names that are numbers as such, so that 2 comes before 10."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else json.dumps(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else text


def _vertex(text: str) -> int:
    if len(text) > len(str(LARGEST_NUMBER)) or int(text) > LARGEST_NUMBER:
        raise PredictorError(f"vertex {quoted(text)} is beyond {LARGEST_NUMBER}; number the vertices from 0.")
    return int(text)


def _find_cycle(graph: Graph) -> list[int]:
    """The vertices of a directed cycle, the first again at the end; the graph has one."""
    into: dict[int, list[int]] = {}
    n_into = [0] * graph.n_vertices
    out: dict[int, list[int]] = {}
    for source, target in zip(graph.sources.tolist(), graph.targets.tolist(), strict=True):
        into.setdefault(target, []).append(source)
        out.setdefault(source, []).append(target)
        n_into[target] += 1
    ready = [vertex for vertex, n in enumerate(n_into) if n == 0]
    left = set(range(graph.n_vertices))
    while ready:
        vertex = ready.pop()
        left.discard(vertex)
        for target in out.get(vertex, []):
            n_into[target] -= 1
            if n_into[target] == 0:
                ready.append(target)
    path = [min(left)]  # each of these is reached from another of these: going back must come round
    while path.count(path[-1]) < 2:
        path.append(min(source for source in into[path[-1]] if source in left))
    return path[path.index(path[-1]) :][::-1]
