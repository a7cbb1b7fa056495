"""Files are replaced whole, and read back as they were written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from json_values import json_objects

from nas.errors import CheckpointError
from nas.files import read_json, write_atomically, write_json


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def no_room(descriptor: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_room)
        with pytest.raises(OSError, match=r"No space left"):
            write_atomically(path, b"new content")
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@settings(deadline=None, max_examples=40)
@given(json_objects)
def test_json_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("run") / "value.json"
    write_json(path, value)
    assert read_json(path) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1', "cannot be read"),
        (b"", "cannot be read"),
        (b"\xff\xff", "cannot be read"),
        (b'{"a": NaN}', "cannot be read: NaN is not a number"),
        (b'{"a": -Infinity}', "cannot be read: -Infinity is not a number"),
        (b"[1, 2]", "does not hold a JSON object"),
    ],
)
def test_a_file_that_is_not_a_json_object_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_json(path)


def test_a_json_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is missing. The run was not started, or its files were moved"):
        read_json(tmp_path / "none.json")
    with pytest.raises(CheckpointError, match=r"cannot be read: .*Is a directory"):
        read_json(tmp_path)


def test_nan_is_not_written_as_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant"):
        write_json(tmp_path / "value.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []
