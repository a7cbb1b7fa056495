"""Graphs as files: GraphML, or node-link JSON as networkx writes it."""

from __future__ import annotations

import warnings
from pathlib import Path

from predictors.errors import PredictorError
from predictors.features import Graph
from predictors.tables.graph_text import graph_of_names, parse_graph

SUFFIXES = (".graphml", ".json")


def read_graph_file(path: Path, is_directed: bool | None = None) -> Graph:
    """The graph in a file.

    Args:
        path: A file that ends in .graphml or .json.
        is_directed: As for `parse_graph`.

    Raises:
        PredictorError: The file cannot be read, or is not such a graph; the message does not name the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise PredictorError(f"the file cannot be read: {reason}.") from None
    if path.suffix != ".graphml":
        if not text.lstrip().startswith("{"):
            raise PredictorError("the file is not node-link JSON; write it by networkx.node_link_data.")
        return parse_graph(text, is_directed)
    return _from_graphml(text, is_directed)


def _from_graphml(text: str, is_directed: bool | None) -> Graph:
    import networkx as nx

    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # entities can expand without end
        raise PredictorError("the GraphML declares a document type; remove it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of edge keys and default values
            graph = nx.parse_graphml(text, force_multigraph=True)
    except (nx.NetworkXError, SyntaxError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise PredictorError(f"the file is not GraphML: {reason[:80]}. Write it by networkx.write_graphml.") from None
    names = [_name(node) for node in graph.nodes]
    edges = [(_name(source), _name(target)) for source, target in graph.edges()]
    return graph_of_names(names, edges, bool(graph.is_directed()), is_directed)


def _name(node: str) -> str | int:
    """GraphML has its nodes as text; n2 comes before n10 as 2 does."""
    digits = node.removeprefix("n")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else node
