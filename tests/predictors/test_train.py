from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from columns import read_rows, write_columns
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from predictors.train import app

ROOT = Path(__file__).parents[2]
N = 40
FAST = ("--regressor", "bayesian-ridge")

Rows = dict[str, list[str]]


def table(n: int = N) -> Rows:
    """Networks whose accuracy their width tells, and their depth a little."""
    rng = np.random.default_rng(0)
    width, depth = rng.integers(1, 50, n), rng.integers(1, 9, n)
    accuracy = 0.5 + width / 100 + depth / 200 + rng.normal(0, 0.01, n)
    return {
        "name": [f"net{i}" for i in range(n)],
        "family": [("ws", "ba")[i % 2] for i in range(n)],
        "width": [str(one) for one in width],
        "depth": [str(one) for one in depth],
        "accuracy": [repr(float(one)) for one in accuracy],
    }


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    with threadpool_limits(1):
        result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result.exit_code, result.stdout, result.stderr


def refusal(*arguments: str | Path) -> str:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("nas-predictor: ")
    assert err.count("\n") == 1
    return err


def test_train_inspect_and_predict(tmp_path: Path) -> None:
    path, file, output = write_columns(tmp_path / "t.csv", table()), tmp_path / "p.json", tmp_path / "out.csv"
    code, out, err = run("train", path, *FAST, "-o", file)
    assert code == 0
    assert "Its Kendall tau is" in out
    assert "Do not trust" in out or "may be trusted on ba" in out
    assert 'note: The column to predict is "accuracy".' in err

    code, out, _ = run("inspect", file)
    assert code == 0
    assert json.loads(file.read_text())["sha256"] in out
    assert "40 networks of t.csv" in out
    assert "Kendall tau" in out

    new = {"name": ["a", "b", "c"], "family": ["ws", "er", "ba"], "width": ["10", "10", "9999"], "depth": ["4"] * 3}
    code, out, _ = run("predict", file, write_columns(tmp_path / "new.csv", new), "-o", output)
    assert (code, out.count("\n")) == (0, 1)
    assert "2 of them are not to be trusted" in out
    lines = read_rows(output)
    assert list(lines[0]) == ["name", "family", "prediction", "spread", "outside"]
    assert [line["outside"] for line in lines] == ["false", "true", "true"]
    # The line is one of normal scores, and accuracies are not normal here.
    assert float(lines[0]["prediction"]) == pytest.approx(0.62, abs=0.04)
    assert float(lines[0]["spread"]) > 0


def test_equal_seeds_give_equal_bytes_whatever_the_folder(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = write_columns(tmp_path / name / "t.csv", table(12))
        files.append(tmp_path / name / "p.json")
        assert run("train", path, "--regressor", "extra-trees", "--seed", "3", "-o", files[-1])[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_json_alone_is_on_stdout(tmp_path: Path) -> None:
    columns = table()
    # All different: rows of equal features are in one fold, and their groups with them.
    columns["width"] = [f"{int(width) + place / 1000:.3f}" for place, width in enumerate(columns["width"])]
    path = write_columns(tmp_path / "t.csv", columns)
    code, out, _ = run("evaluate", path, *FAST, "--group", "depth", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["n"] == N
    assert told["n_groups"] == len(set(table()["depth"]))
    assert told["skill"]["tau"]["value"] > 0.7


def test_auto_names_what_it_chose(tmp_path: Path) -> None:
    columns = table(24)
    code, _, err = run("train", write_columns(tmp_path / "t.csv", columns), "-o", tmp_path / "p.json")
    assert code == 0
    chosen = json.loads((tmp_path / "p.json").read_text())["predictor"]["regressor"]
    assert f"Chosen is {chosen}, by" in err


def test_lower_is_better_where_it_is_said(tmp_path: Path) -> None:
    columns = table()
    columns["top1"] = [repr(1 - float(one)) for one in columns.pop("accuracy")]
    path, file = write_columns(tmp_path / "t.csv", columns), tmp_path / "p.json"
    assert run("train", path, "--target", "top1", "--minimize", *FAST, "-o", file)[0] == 0
    assert run("predict", file, path, "-o", tmp_path / "out.csv")[0] == 0
    predicted = [float(line["prediction"]) for line in read_rows(tmp_path / "out.csv")]
    assert np.corrcoef(predicted, np.array(columns["top1"], dtype=float))[0, 1] > 0.95


def test_repeats_tell_the_noise_ceiling(tmp_path: Path) -> None:
    columns, rng = table(), np.random.default_rng(1)
    accuracy = np.array(columns.pop("accuracy"), dtype=float)
    for seed in range(3):
        columns[f"run{seed}"] = [repr(float(one)) for one in accuracy + rng.normal(0, 0.02, N)]
    columns["run2"][4] = ""
    code, out, _ = run("evaluate", write_columns(tmp_path / "t.csv", columns), "--repeats", "run*", *FAST)
    assert code == 0
    assert "highest reachable" in out


def graphs() -> list[nx.Graph]:
    return [nx.gnp_random_graph(8, 0.2 + 0.015 * i, seed=i) for i in range(N)]


def of_graphs(column: list[str]) -> Rows:
    return {"wiring": column, "accuracy": [repr(graph.number_of_edges() / 30) for graph in graphs()]}


def test_a_graph_column_alone_will_do(tmp_path: Path) -> None:
    texts = [" ".join([*(f"{u}-{v}" for u, v in graph.edges), *map(str, nx.isolates(graph))]) for graph in graphs()]
    as_json = [json.dumps(nx.node_link_data(graph, edges="edges")) for graph in graphs()]
    found = []
    for name, column in (("edges.csv", texts), ("json.csv", as_json)):
        code, out, _ = run("evaluate", write_columns(tmp_path / name, of_graphs(column)), *FAST, "--json")
        assert code == 0
        found.append(json.loads(out))
    assert found[0] == found[1]
    assert found[0]["skill"]["tau"]["value"] > 0.8
    assert "graph.nodes" in found[0]["size"]["names"]


def test_a_folder_of_graphs_with_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "graphs"
    folder.mkdir()
    for i, graph in enumerate(graphs()):
        nx.write_graphml(graph, folder / f"{i}.graphml")
    write_columns(folder / "table.csv", of_graphs([f"{i}.graphml" for i in range(N)]))
    file = tmp_path / "p.json"
    assert run("train", folder, *FAST, "-o", file)[0] == 0
    assert run("predict", file, folder, "-o", tmp_path / "out.csv")[0] == 0
    assert read_rows(tmp_path / "out.csv")[0]["wiring"] == "0.graphml"
    (folder / "7.graphml").unlink()
    assert 'row 8, column "wiring": 7.graphml: the file cannot be read' in refusal("evaluate", folder)
    write_columns(folder / "table.csv", of_graphs(["../secret.graphml"] * N))
    assert "not in the folder" in refusal("evaluate", folder)


def test_runs_are_pooled(finished_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    code, _, _ = run("train", finished_run, *FAST, "-o", file)
    assert code == 0
    recipe = json.loads(file.read_text())["predictor"]["recipe"]
    assert recipe["space"] == "mlp"
    assert "given twice" in refusal("evaluate", finished_run, finished_run)
    assert "--target is for tables" in refusal("evaluate", finished_run, "--target", "x")
    assert "is a run" in refusal("predict", file, finished_run, "-o", tmp_path / "out.csv")
    assert "is not the folder of a run" in refusal("evaluate", finished_run, tmp_path)


Change = Callable[[Rows], object]
WRONG: dict[str, tuple[Change, tuple[str, ...], str]] = {
    "no target": (lambda c: c.pop("accuracy"), (), "say by --target COLUMN"),
    "constant target": (lambda c: c.update(accuracy=["0.5"] * N), (), "all 40 values are 0.5"),
    "text target": (lambda c: c["accuracy"].__setitem__(4, "high"), (), 'row 5, column "accuracy": "high" is not a'),
    "missing target": (lambda c: c["accuracy"].__setitem__(4, ""), (), 'column "accuracy": the value is missing'),
    "missing value": (lambda c: c["width"].__setitem__(9, "NA"), (), 'row 10, column "width": the value is missing'),
    "infinite value": (lambda c: c["width"].__setitem__(0, "-inf"), (), 'row 1, column "width": "-inf" is infinite'),
    "few rows": (lambda c: [column.__delitem__(slice(9, None)) for column in c.values()], (), "has 9 rows; give"),
    "unknown target": (lambda c: None, ("--target", "acuracy"), 'no column "acuracy"; did you mean "accuracy"'),
    "unknown ignored": (lambda c: None, ("--ignore", "nothing"), 'no such column'),
    "unknown group": (lambda c: None, ("--group", "groop"), 'no column "groop"'),
    "one group": (lambda c: c.update(lab=["a"] * N), ("--group", "lab"), "one group"),
    "no feature": (lambda c: None, ("--ignore", "width", "--ignore", "depth"), "no column to predict from"),
    "no regressor": (lambda c: None, ("--regressor", "oracle"), 'no regressor "oracle"'),
    "no transform": (lambda c: None, ("--transform", "square"), 'no transform "square"'),
    "no accuracies": (lambda c: None, ("--transform", "logit"), "needs accuracies"),
    "negative seed": (lambda c: None, ("--seed", "-1"), "--seed is -1"),
    "no graph": (lambda c: None, ("--graph", "name"), 'row 1, column "name": "net0" is not an edge'),
    "cyclic": (lambda c: c.update(graph=["0>1"] * 5 + ["0>1 1>2 2>0"] * 35), (), 'row 6, column "graph": the directed'),
    "duplicate edge": (lambda c: c.update(graph=["0-1 1-0"] * N), (), 'row 1, column "graph": edge 1-0 is given twice'),
    "loop": (lambda c: c.update(graph=["0-1"] * 39 + ["3-3"]), (), 'row 40, column "graph": edge 3-3 joins'),
    "huge vertex": (lambda c: c.update(graph=["0-99999999"] * N), (), "is beyond 999999"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_bad_tables_get_one_line(tmp_path: Path, name: str) -> None:
    change, options, said = WRONG[name]
    columns = table()
    change(columns)
    path, file = write_columns(tmp_path / "t.csv", columns), tmp_path / "p.json"
    assert said in refusal("train", path, *options, "-o", file)
    assert not file.exists()
    assert said in refusal("evaluate", path, *options)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, file = write_columns(tmp_path / "t.csv", table()), tmp_path / "p.json"
    assert run("train", path, *FAST, "-o", file)[0] == 0
    before = file.read_bytes()
    assert "exists already" in refusal("train", path, *FAST, "-o", file)
    assert "exists already" in refusal("predict", file, path, "-o", file)
    assert "does not exist" in refusal("train", path, "-o", tmp_path / "none" / "p.json")
    assert file.read_bytes() == before


def test_a_table_to_predict_must_fit(tmp_path: Path) -> None:
    columns = table()
    path, file, output = write_columns(tmp_path / "t.csv", columns), tmp_path / "p.json", tmp_path / "out.csv"
    run("train", path, *FAST, "-o", file)
    columns["width"][3] = "wide"
    assert 'row 4, column "width": "wide"' in refusal("predict", file, write_columns(path, columns), "-o", output)
    del columns["width"]
    assert 'lacks 1 columns that are needed: "width"' in refusal(
        "predict", file, write_columns(path, columns), "-o", output
    )
    file.write_text(file.read_text().replace('"seed":0', '"seed":1'))
    assert "checksum differs" in refusal("predict", file, path, "-o", output)
    assert "checksum differs" in refusal("inspect", file)
    assert not output.exists()


def test_ctrl_c_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("predictors.commands.learning.assess", stop)
    path = write_columns(tmp_path / "t.csv", table())
    code, out, err = run("train", path, *FAST, "-o", tmp_path / "p.json")
    assert (code, out) == (130, "")
    assert err.endswith("nas-predictor: interrupted\n")
    assert not (tmp_path / "p.json").exists()


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    path = write_columns(tmp_path / "t.csv", table())

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "predictors.train", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    done = call("train", str(path), *FAST, "-o", str(tmp_path / "p.json"))
    assert done.returncode == 0
    assert "Wrote" in done.stdout
    wrong = call("train", str(path))
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)
    assert wrong.stderr.startswith("nas-predictor: Missing option")


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    assert run("train", write_columns(tmp_path / "t.csv", table(12)), *FAST, "-o", file)[0] == 0
    command = [sys.executable, "-m", "predictors.train", "inspect", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, predictors.train; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {"sklearn", "pandas", "torch", "pyarrow", "scipy.stats", "pydantic"} & set(result.stdout.split())


def test_early_evidence_is_of_tables_that_have_some(tmp_path: Path) -> None:
    columns = table()
    scores = {f"score_rung{rung}_seed1": columns["accuracy"] for rung in (1, 2)}
    networks = {"key": columns["name"], "prior": columns["family"], **scores, "wiring_density": ["0.5"] * N}
    path = write_columns(tmp_path / "n.csv", {**networks, "width": columns["width"], "genotype": ["{}"] * N})
    assert json.loads(run("evaluate", path, *FAST, "--json")[1])["n_features"] == 1
    trust = json.loads(run("evaluate", path, *FAST, "--json", "--early-evidence")[1])
    assert trust["n_features"] == 2
    assert trust["skill"]["tau"]["value"] > 0.9  # here the first score is the last
    assert "nas table build" in refusal("evaluate", write_columns(tmp_path / "t.csv", columns), "--early-evidence")
