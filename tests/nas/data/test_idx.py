from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nas.data.idx import read_idx, read_idx_folder, read_new_images
from nas.data.source import NumberColumn
from nas.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)


def idx(array: NDArray[Any]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_pair(
    folder: Path, part: str, images: NDArray[Any], labels: NDArray[Any], dot: str = "-", gz: str = ""
) -> None:
    for name, array in ((f"images{dot}idx3-ubyte", images), (f"labels{dot}idx1-ubyte", labels)):
        content = idx(array)
        (folder / f"{part}-{name}{gz}").write_bytes(gzip.compress(content) if gz else content)


@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("gz", ["", ".gz"])
def test_a_folder_as_mnist_is_distributed_is_read(tmp_path: Path, dot: str, gz: str) -> None:
    write_pair(tmp_path, "train", IMAGES, LABELS, dot, gz)
    write_pair(tmp_path, "t10k", IMAGES[:2], LABELS[:2], dot, gz)
    source = read_idx_folder(str(tmp_path))
    assert isinstance(source.features, np.ndarray) and isinstance(source.test_features, np.ndarray)
    np.testing.assert_array_equal(source.features, IMAGES.reshape(6, 20))
    np.testing.assert_array_equal(source.test_features, IMAGES[:2].reshape(2, 20))
    assert isinstance(source.target, NumberColumn) and source.target.values.tolist() == LABELS.tolist()
    assert isinstance(source.test_target, NumberColumn) and source.test_target.values.tolist() == [0, 1]
    np.testing.assert_array_equal(read_new_images(str(tmp_path)), IMAGES[:2].reshape(2, 20))


def test_the_test_files_may_be_absent(tmp_path: Path) -> None:
    write_pair(tmp_path, "train", IMAGES, LABELS)
    assert read_idx_folder(str(tmp_path)).test_features is None
    assert len(read_new_images(str(tmp_path))) == 6


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder without train-images-idx3-ubyte and train-labels-idx1-ubyte"):
        read_idx_folder(str(tmp_path))
    with pytest.raises(DataError, match="is a folder without t10k-images-idx3-ubyte"):
        read_new_images(str(tmp_path))


def test_half_of_a_pair_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "train", IMAGES, LABELS)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS))
    with pytest.raises(DataError, match=r"has only one of t10k-images and t10k-labels\. Add the other file"):
        read_idx_folder(str(tmp_path))


def test_images_and_labels_of_different_length_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "train", IMAGES, LABELS[:5])
    with pytest.raises(DataError, match="x has 6 rows, its target 5"):
        read_idx_folder(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"starts with 0x, not 0x00000803"),
        (b"\x00\x00\x08\x01" + b"\x00" * 8, r"starts with 0x00000801, not 0x00000803"),
        (b"\x00\x00\x0d\x03" + b"\x00" * 12, r"starts with 0x00000d03"),
        (b"\x1f\x8b\x08\x00", r"starts with 0x1f8b0800"),
        (b"\x00\x00\x08\x03\x00", r"has 5 bytes, but its header states"),
        (idx(IMAGES)[:-1], r"has 135 bytes, but its header states 136\. Replace the file"),
        (idx(IMAGES) + b"\x00", r"has 137 bytes, but its header states 136"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, r"has 16 bytes, but its header states \d{29}"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(path, 3)


def test_a_damaged_gzip_or_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx(IMAGES))[:-12])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz cannot be read"):
        read_idx(path, 3)
    with pytest.raises(DataError, match="cannot be read: No such file or directory"):
        read_idx(tmp_path / "none", 3)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("idx") / "images"
    path.write_bytes(b"\x00\x00\x08\x01" + content)
    try:
        array = read_idx(path, 1)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert array.tobytes() == content[4:]
