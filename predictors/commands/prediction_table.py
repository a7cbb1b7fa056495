"""The table of predictions: for each network its score, the spread, and whether not to trust it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from predictors.errors import PredictorError
from predictors.predictor_file import SavedPredictor, write_whole
from predictors.tables import Cells, read_cells
from predictors.tables.roles import is_identifier
from predictors.tables.runs import find_run

COLUMNS = ("prediction", "spread", "outside")
LONGEST_NAME = 80
"""Characters: what is longer tells networks apart, too, but is a description, such as a graph or a genotype."""


def write_predictions(predictor: SavedPredictor, table: Path, output: Path) -> tuple[int, int]:
    """Predict the networks of a table, and write a CSV file.

    Its columns are those of the table that tell its rows apart, or the number of the row; then prediction, spread
    (a standard deviation), and outside: true where the prediction should not be trusted, because the network is unlike
    all that was learned from, or of a family or category that was not.

    Returns:
        How many networks there are, and how many of them are outside.

    Raises:
        PredictorError: The table has a fault, or lacks a column.
        OSError: The file cannot be written.
    """
    if find_run(str(table)) is not None:
        raise PredictorError(f"{table} is a run, whose networks are known already; give a table of networks.")
    cells = read_cells(table)
    rows, is_unknown = predictor.recipe.rows(cells)
    prediction = predictor.predict(rows)
    outside = predictor.outside(rows, predictor.recipe.families(cells)) | is_unknown
    kept = _identifying(cells, predictor)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*kept, *COLUMNS])
    numbers = prediction.mean.tolist(), prediction.spread.tolist(), ["true" if one else "false" for one in outside]
    writer.writerows(zip(*kept.values(), *numbers, strict=True))
    write_whole(output, text.getvalue())
    return len(rows), int(outside.sum())


def _identifying(cells: Cells, predictor: SavedPredictor) -> dict[str, list[str]]:
    """The columns that tell the rows apart, and the family; else the number of the row."""
    recipe = predictor.recipe
    used = {*recipe.columns, *COLUMNS, *(category.column for category in recipe.categories)}
    if cells.folder is None and recipe.graph is not None:
        used.add(recipe.graph)
    kept = {
        name: column
        for name, column in cells.columns.items()
        if name not in used
        and (name == recipe.family or (is_identifier(cells, name) and max(map(len, column)) <= LONGEST_NAME))
    }
    if all(name == recipe.family for name in kept):
        kept = {"row": [str(row + 1) for row in range(cells.n_rows)], **kept}
    return kept
