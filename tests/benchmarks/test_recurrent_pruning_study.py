"""Published accuracies are read by cell, part and share, and safe shares follow from them."""

from __future__ import annotations

import gzip
from pathlib import Path

from recurrent_pruning_study import SHARES, layers, ours, published, safe_share

ROWS = """mode,prune,epoch,train_loss,train_acc,test_loss,test_acc,time
gru,0,1,1,0.5,1,0.6,1
gru,0,2,1,0.5,1,1.0,1
gru_prune_i2h,50,0,1,0.5,1,0.99,1
gru_prune_i2h,50,1,1,0.5,1,1.0,1
"""


def test_the_published_table_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "table.csv.gz", "wt") as file:
        file.write(ROWS)
    assert published(tmp_path / "table.csv.gz") == {
        ("gru", "", 0): ([1.0], [1.0]),
        ("gru", "inputs", 50): ([0.99], [1.0]),
    }


def test_a_share_is_safe_up_to_the_first_that_loses_too_much() -> None:
    before = dict(zip(SHARES, (1.0, 0.99, 0.97, 1.0, 0.5), strict=True))
    rows = [
        {"cell": "gru", "part": "both", "share": str(share), "before": str(a), "after": "1"}
        for share, a in before.items()
    ]
    rows.append({"cell": "gru", "part": "", "share": "0", "before": "1.0", "after": "1.0"})
    assert safe_share(ours(rows), "gru", "both") == "60 %"
    rows[0] = {**rows[0], "before": "0.9"}
    assert safe_share(ours(rows), "gru", "both") == "below 50 %"


def test_the_network_is_that_of_the_study() -> None:
    wiring = layers(20, 2, "lstm")
    assert (wiring.n_units, wiring.n_embedded, wiring.depth) == (150, 50, 3)
    assert wiring.n_weights == 20 * 50 + 4 * 3 * (50 * 50 + 50 * 50) + 2 * 50
