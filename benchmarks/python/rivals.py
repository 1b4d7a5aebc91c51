"""The rows of Python, each in a process of its own: takes turns as the lines on standard input say.

    python rivals.py NAME INPUT

A line is {"runs", "milliseconds"}, the answer {"seconds", "memory"}: the median time of one run, and the most memory in bytes
above that of the process before it had done anything. The same protocol as src/row-process.ts.
"""

import functools
import json
import re
import statistics
import sys
import time

import quiet  # noqa: F401
import numpy as np
import tensorflow as tf


def load_all(path, bytes, **_):
    """Every tensor, one after another; TensorFlow checks nothing that it does not read, and checks what it reads."""
    reader = tf.train.load_checkpoint(path)
    total = sum(reader.get_tensor(name).nbytes for name in reader.get_variable_to_shape_map())
    assert total == bytes, f"{total} bytes instead of {bytes}"


def keep_all(path, bytes, **_):
    """Every tensor, all of them in memory at the end."""
    reader = tf.train.load_checkpoint(path)
    tensors = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    total = sum(tensor.nbytes for tensor in tensors.values())
    assert total == bytes, f"{total} bytes instead of {bytes}"


def open_and_list(path, items, **_):
    reader = tf.train.load_checkpoint(path)
    found = len(reader.get_variable_to_shape_map())
    assert found == items, f"{found} tensors instead of {items}"


@functools.cache
def checkpoint_of(bytes, items):
    values = np.arange(bytes // items // 4, dtype=np.float32) / 2
    return tf.train.Checkpoint(**{f"layer_{item}": tf.Variable(values) for item in range(items)})


def checkpoint_write(path, bytes, items, **_):
    checkpoint_of(bytes, items).write(f"{path}-tensorflow")


@functools.cache
def tensors_of(bytes, items):
    values = tf.constant(np.arange(bytes // items // 4, dtype=np.float32) / 2)
    return [f"layer_{item}/kernel" for item in range(items)], [""] * items, [values] * items


def save_many(path, bytes, items, **_):
    names, slices, tensors = tensors_of(bytes, items)
    tf.raw_ops.SaveV2(prefix=f"{path}-tensorflow", tensor_names=names, shape_and_slices=slices, tensors=tensors)


@functools.cache
def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def parse_saved_model(path, **_):
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString(bytes_of(path))
    assert "serving_default" in model.meta_graphs[0].signature_def


ROWS = {
    "load_all": load_all,
    "keep_all": keep_all,
    "open_and_list": open_and_list,
    "checkpoint_write": checkpoint_write,
    "save_many": save_many,
    "parse_saved_model": parse_saved_model,
}


def status_bytes(field):
    """A size in /proc/self/status; None where there is none."""
    try:
        with open("/proc/self/status") as status:
            return int(re.search(rf"^{field}:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024
    except OSError:
        return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass


def take_turn(row, given, runs, milliseconds, idle):
    forget_peak()
    seconds = []
    start = time.perf_counter()
    while len(seconds) < runs or time.perf_counter() - start < milliseconds / 1000:
        before = time.perf_counter()
        row(**given)
        seconds.append(time.perf_counter() - before)
    answer = {"seconds": statistics.median(seconds)}
    if idle is not None:
        answer["memory"] = max(0, status_bytes("VmHWM") - idle)
    return answer


if __name__ == "__main__":
    _, name, given = sys.argv
    tf.constant(0)  # wakes TensorFlow up
    idle = status_bytes("VmRSS")
    for line in sys.stdin:
        print(json.dumps(take_turn(ROWS[name], json.loads(given), **json.loads(line), idle=idle)), flush=True)
