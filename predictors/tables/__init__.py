"""Tables of trained networks and runs of searches, read into examples, and everything that can be wrong with them."""

from __future__ import annotations

from predictors.tables.cells import Cells, read_cells
from predictors.tables.graph_text import edge_text, parse_graph
from predictors.tables.recipe import Recipe
from predictors.tables.roles import Roles, Wishes, assign_roles
from predictors.tables.sources import Source, read_sources

__all__ = [
    "Cells",
    "Recipe",
    "Roles",
    "Source",
    "Wishes",
    "assign_roles",
    "edge_text",
    "parse_graph",
    "read_cells",
    "read_sources",
]
