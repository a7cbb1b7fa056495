"""Accuracy in each family of test sequences, where a data set has families."""

from __future__ import annotations

import numpy as np

from nas.data import AnyDataset, Dataset
from nas.results.findings import FamilyRow
from nas.results.held_out import Answers, HeldOut


def family_rows(dataset: AnyDataset, answers: Answers, test: HeldOut) -> list[FamilyRow]:
    """The accuracy of a network and of the trivial rules in each family; empty for data without families.

    Args:
        dataset: The data set.
        answers: Class numbers that the network predicts for the test sequences, float32 (n,).
        test: The test sequences.
    """
    if isinstance(dataset, Dataset) or dataset.test_families is None:
        return []
    names, family_of = dataset.test_families
    by_name = {"network": answers, **dict(test.rules)}
    rows = []
    for family in np.unique(family_of):
        of_family = family_of == family
        accuracies = {who: float(np.mean((answer == test.targets)[of_family])) for who, answer in by_name.items()}
        rows.append(FamilyRow(names[family], int(of_family.sum()), accuracies))
    return rows
