"""HDF5 in h5py, also inside of .keras."""

import functools
import io
import json
import os
import zipfile

import h5py
import numpy as np


def datasets_of(group):
    found = []
    group.visititems(lambda _, object: found.append(object) if isinstance(object, h5py.Dataset) else None)
    return found


@functools.cache
def buffer_of(shape):
    return np.zeros(shape, np.float32)


def read_reused(path, bytes, **_):
    with h5py.File(path) as file:
        total = 0
        for dataset in datasets_of(file):
            buffer = buffer_of(dataset.shape)
            dataset.read_direct(buffer)
            total += buffer.nbytes
    assert total == bytes, f"{total} bytes instead of {bytes}"


def read_fresh(path, bytes, **_):
    with h5py.File(path) as file:
        total = sum(dataset[()].nbytes for dataset in datasets_of(file))
    assert total == bytes, f"{total} bytes instead of {bytes}"


def keep_all(path, bytes, **_):
    with h5py.File(path) as file:
        arrays = [dataset[()] for dataset in datasets_of(file)]
    total = sum(array.nbytes for array in arrays)
    assert total == bytes, f"{total} bytes instead of {bytes}"


def read_rows(path, name, items, **_):
    with h5py.File(path) as file:
        dataset = file[name]
        first = dataset.shape[0] // 2
        assert dataset[first : first + items].shape[0] == items


def list_datasets(path, items, **_):
    """Names, types and shapes, and the lists of names that Keras stores in attributes."""
    with h5py.File(path) as file:
        found = sum(1 for dataset in datasets_of(file) if dataset.dtype.kind in "fi" and dataset.shape is not None)
    assert found == items, f"{found} datasets instead of {items}"


@functools.cache
def values_of(elements):
    return np.arange(elements, dtype=np.float32) / 2


def write(path, bytes, items, **_):
    """The datasets of a .weights.h5, as Keras assigns them."""
    values = values_of(bytes // items // 4)
    with h5py.File(f"{path}-h5py.new", "w") as file:
        for item in range(items):
            file.create_group(f"layers/dense_{item}/vars")["0"] = values
    os.replace(f"{path}-h5py.new", f"{path}-h5py")


def open_archive(path, name, **_):
    """The config and one weight, without the rest."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        with archive.open("model.weights.h5") as member, h5py.File(member) as file:
            assert config["class_name"] == "Functional" and file[name][()].size > 0


def open_archive_as_keras_does(path, name, **_):
    """Keras 3 takes the weights into memory."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            assert config["class_name"] == "Functional" and file[name][()].size > 0
