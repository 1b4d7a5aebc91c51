"""Checkpoints as other files, as a script in Python does it: everything into memory, then out again."""

import quiet  # noqa: F401
import h5py
import tensorflow as tf
from safetensors.numpy import save_file

from absence import Absent

tf.constant(0)  # wakes TensorFlow up


def arrays_of(path, bytes):
    if available_bytes() < 1.5 * bytes:
        raise Absent("too little memory to hold the checkpoint")
    reader = tf.train.load_checkpoint(path)
    arrays = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    total = sum(array.nbytes for array in arrays.values())
    assert total == bytes, f"{total} bytes instead of {bytes}"
    return arrays


def available_bytes():
    with open("/proc/meminfo") as info:
        lines = dict(line.split(":") for line in info)
    return int(lines["MemAvailable"].split()[0]) * 1024


def to_safetensors(path, bytes, **_):
    save_file(arrays_of(path, bytes), f"{path}-python.safetensors")


def to_hdf5(path, bytes, **_):
    with h5py.File(f"{path}-python.weights.h5", "w") as file:
        for layer, array in enumerate(arrays_of(path, bytes).values()):
            file.create_group(f"layers/dense_{layer}/vars")["0"] = array
