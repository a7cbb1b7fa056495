from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import random_wiring

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import Network, lay_out
from nas.engine.networks import as_changed
from nas.engine.population import predict, train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import TrainingState, initial_state
from nas.engine.wiring_changes import Look, edge_gradients
from nas.models.levelwise_network import LevelwiseNetwork
from nas.sparsify.changes import Changes
from nas.sparsify.edges import Ends, ends_of, lie_on_paths
from nas.sparsify.frame import Frame
from nas.sparsify.learned import learned_wiring
from search_spaces.sparse_training import PARTS, Part, SparseTraining, n_edges_of
from search_spaces.wiring import Wiring

RECIPE = Recipe("classification", BatchPlan(96, 16, (5,)), total_steps=60)
PRUNED = SparseTraining("pruned", "all", 0.3, 8, 0.7)
METHODS = [PRUNED, SparseTraining("set", "all", 0.3, 6, 0.8), SparseTraining("rigl", "inputs", 0.4, 5, 0.9)]


def rows() -> tuple[Inputs, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=96)
    values = rng.standard_normal((5, 96)) * 0.3
    values[labels, np.arange(96)] += 2
    return Inputs.plain(values.astype(np.float32)), labels.astype(np.float32)


def trained(
    training: SparseTraining, wiring: Wiring, stops: tuple[int, ...] = (60,), beside: int = 0
) -> tuple[Network, TrainingState]:
    """A network after its training, with stops on the way and others that are trained beside it."""
    inputs, targets = rows()
    network = lay_out(wiring, "silu")
    changes = Changes.of(training, wiring, RECIPE.total_steps, (1, 2))
    others = [lay_out(random_wiring(50 + k), "tanh") for k in range(beside)]
    states = [initial_state(network, [[9]]), *(initial_state(other, [[3]]) for other in others)]
    owns = [Hyperparameters(1e-2, 0.1, 0.0, training), *[Hyperparameters(1e-2)] * beside]
    for stop in stops:
        states = train(
            [network, *others], owns, states, inputs, targets, RECIPE, stop, changes=[changes, *[None] * beside]
        )
    after = as_changed(network, states[0])
    assert isinstance(after, Network)
    return after, states[0]


@pytest.mark.parametrize("training", METHODS, ids=lambda training: training.method)
def test_stops_and_company_change_nothing(training: SparseTraining) -> None:
    wiring = random_wiring(1, n_hidden=20, density=0.5)
    network, state = trained(training, wiring)
    for other, its_state in (trained(training, wiring, (7, 31, 60)), trained(training, wiring, beside=2)):
        np.testing.assert_array_equal(other.indices, network.indices)
        np.testing.assert_array_equal(its_state.parameters, state.parameters)
        np.testing.assert_array_equal(its_state.second_moment, state.second_moment)
    assert set(zip(*ends_of(network), strict=True)) != set(zip(*ends_of(lay_out(wiring, "silu")), strict=True))


@pytest.mark.parametrize("part", PARTS)
def test_pruning_leaves_the_share_of_the_part_and_all_of_the_rest(part: Part) -> None:
    wiring, training = random_wiring(2, n_hidden=20, density=0.5), replace(PRUNED, part=part)
    network, _ = trained(training, wiring)
    assert len(network.indices) == training.weights_left(wiring)
    frame, before, after = Frame.of(wiring), ends_of(lay_out(wiring, "silu")), ends_of(network)
    assert frame.is_of(part, before).sum() == n_edges_of(part, wiring)
    rest = set(zip(*(ends[~frame.is_of(part, before)] for ends in before), strict=True))
    assert set(zip(*(ends[~frame.is_of(part, after)] for ends in after), strict=True)) == rest
    if part == "all":
        assert lie_on_paths(network, after).all()


@pytest.mark.parametrize("method", ["set", "rigl"])
def test_rewiring_leaves_every_junction_as_large_as_it_was(method: str) -> None:
    wiring = random_wiring(3, n_hidden=20, density=0.3)
    network, state = trained(SparseTraining(method, "all", 0.3, 6, 0.8), wiring)  # type: ignore[arg-type]
    frame = Frame.of(wiring)
    before, after = (np.bincount(frame.junctions(ends_of(n))) for n in (lay_out(wiring, "silu"), network))
    full = len(after) - len(before)
    assert full == 0
    np.testing.assert_array_equal(after, before)
    assert np.isfinite(state.parameters).all()


@pytest.mark.parametrize(("method", "last_share"), [("set", 0.3), ("rigl", 0.15 * (1 + np.cos(np.pi * 0.75)))])
def test_set_replaces_as_many_edges_at_every_change_and_rigl_ever_fewer(method: str, last_share: float) -> None:
    wiring = random_wiring(3, n_hidden=60, density=0.2)
    changes = Changes.of(SparseTraining(method, "all", 0.3, 4, 0.8), wiring, 100, (1, 2))  # type: ignore[arg-type]
    network = lay_out(wiring, "silu")
    state, rng = initial_state(network, [[9]]), np.random.default_rng(0)
    n_neurons, n_sources = len(network.middle), network.n_inputs + network.n_hidden
    look = Look(rng.standard_normal((n_sources, 16)).astype("f"), rng.standard_normal((n_neurons, 16)).astype("f"))
    before = set(zip(*ends_of(network), strict=True))
    for step, share in ((changes.steps[0], 0.3), (changes.steps[-1], last_share)):
        after, _ = changes.change(step, network, state, lambda: look)
        grown = set(zip(*ends_of(after), strict=True)) - before
        assert len(grown) == pytest.approx(share * wiring.n_edges, rel=0.2)


def test_the_gradients_that_rigl_looks_at_are_those_of_torch() -> None:
    wiring = random_wiring(4, n_hidden=8, density=0.4)
    network, state = lay_out(wiring, "tanh"), initial_state(lay_out(wiring, "tanh"), [[1]])
    seen: list[Look] = []

    class Looking:
        steps = (1,)

        def change(self, step, network, state, look):  # type: ignore[no-untyped-def]
            seen.append(look())
            return network, state

    inputs, targets = rows()
    (after,) = train([network], [Hyperparameters(1e-2)], [state], inputs, targets, RECIPE, 1, changes=[Looking()])
    dense = Wiring.from_edges(
        5,
        8,
        3,
        *(np.array(ends) for ends in zip(*((s, t) for t in range(11) for s in range(5 + min(t, 8))), strict=True)),
    )
    every = ends_of(lay_out(dense, "tanh"))
    weights = np.zeros(dense.n_edges, np.float32)
    place = {pair: number for number, pair in enumerate(zip(*every, strict=True))}
    for pair, weight in zip(zip(*ends_of(network), strict=True), after.parameters[0], strict=False):
        weights[place[pair]] = weight
    weight, bias = torch.tensor(weights, requires_grad=True), torch.tensor(after.parameters[0, wiring.n_edges :])
    batch = RECIPE.batches.rows(0, 1)[0]
    x = torch.tensor(inputs.values[batch] * inputs.scale + inputs.shift)
    outputs = LevelwiseNetwork(dense, "tanh")(x, weight, bias)
    torch.nn.functional.cross_entropy(outputs, torch.tensor(targets[batch]).long()).backward()
    np.testing.assert_allclose(edge_gradients(every.sources, every.targets, seen[0]), weight.grad, atol=1e-6)


def test_the_learned_wiring_is_valid_and_computes_the_same() -> None:
    inputs, _ = rows()
    network, state = trained(replace(PRUNED, share=0.15), random_wiring(5, n_hidden=20, density=0.5))
    indptr, indices = network.indptr.copy(), network.indices
    wiring, parameters = learned_wiring(network, state.parameters[0])
    expected = predict(network, state.parameters[0], inputs)
    np.testing.assert_allclose(predict(lay_out(wiring, "silu"), parameters, inputs), expected, atol=1e-5)
    assert wiring.n_edges <= len(indices) and len(indptr) >= wiring.n_hidden + wiring.n_outputs + 1


def test_a_neuron_that_reads_nothing_goes_and_its_constant_stays() -> None:
    # input -> h0 -> output, and h1 -> output, where h1 reads nothing
    from nas.engine.activations import ACTIVATIONS
    from nas.engine.layout import lay_out_edges

    network = lay_out_edges(1, 2, np.array([0, 1, 1, 3], np.int32), np.array([0, 1, 2], np.int32), ACTIVATIONS["tanh"])
    parameters = np.array([0.5, 2.0, 3.0, 0.1, 0.7, -1.0], np.float32)
    wiring, moved = learned_wiring(network, parameters)
    assert (wiring.n_hidden, wiring.n_edges) == (1, 2)
    np.testing.assert_allclose(moved, [0.5, 2.0, 0.1, -1.0 + 3.0 * np.tanh(0.7)], rtol=1e-5)


def test_absent_edges_are_drawn_within_their_junctions_each_once() -> None:
    wiring = random_wiring(6, n_hidden=30, density=0.2)
    network, frame = lay_out(wiring, "relu"), Frame.of(wiring)
    ends = ends_of(network)
    wanted = frame.junctions(Ends(ends.sources[::3], ends.targets[::3]))
    drawn = frame.absent_edges(network, ends, wanted, np.random.default_rng(0))
    pairs = set(zip(*drawn, strict=True))
    assert len(pairs) == len(drawn.sources) and not pairs & set(zip(*ends, strict=True))
    counts, of_wanted = np.bincount(frame.junctions(drawn)), np.bincount(wanted)
    assert (counts <= of_wanted[: len(counts)]).all() and counts.sum() > 0.7 * of_wanted.sum()
    assert (drawn.sources < network.n_inputs + np.minimum(drawn.targets, network.n_hidden)).all()
