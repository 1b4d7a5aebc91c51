"""Python's safetensors, with numpy."""

import functools
import os

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


def load_all(path, bytes, **_):
    total = sum(array.nbytes for array in load_file(path).values())
    assert total == bytes, f"{total} bytes instead of {bytes}"


def load_one_by_one(path, bytes, **_):
    with safe_open(path, "np") as file:
        total = sum(file.get_tensor(name).nbytes for name in file.keys())
    assert total == bytes, f"{total} bytes instead of {bytes}"


def open_and_list(path, items, **_):
    with safe_open(path, "np") as file:
        found = sum(1 for name in file.keys() if file.get_slice(name).get_dtype() == "F32")
    assert found == items, f"{found} tensors instead of {items}"


@functools.cache
def arrays_of(bytes, items):
    values = np.arange(bytes // items // 4, dtype=np.float32) / 2
    return {f"layer_{item}/kernel": values for item in range(items)}


def write(path, bytes, items, **_):
    save_file(arrays_of(bytes, items), f"{path}-python.new")
    os.replace(f"{path}-python.new", f"{path}-python")
