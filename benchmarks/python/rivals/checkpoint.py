"""Checkpoints and SavedModels in TensorFlow."""

import functools

import quiet  # noqa: F401
import numpy as np
import tensorflow as tf

tf.constant(0)  # wakes TensorFlow up


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


def read_one(path, name, bytes, **_):
    found = tf.train.load_checkpoint(path).get_tensor(name).nbytes
    assert found == bytes, f"{found} bytes instead of {bytes}"


def read_strings(path, items, **_):
    found = tf.train.load_checkpoint(path).get_tensor("vocabulary")
    assert len(found) == items and found[-1] == f"word {items - 1}".encode(), f"{len(found)} strings"


def read_rows(path, name, items, **_):
    """TensorFlow reads a part of a tensor by the name of a slice: rows from the middle."""
    rows, columns = tf.train.load_checkpoint(path).get_variable_to_shape_map()[name]
    spec = f"{rows} {columns} {rows // 2},{items}:-"
    (found,) = tf.raw_ops.RestoreV2(prefix=path, tensor_names=[name], shape_and_slices=[spec], dtypes=[tf.float32])
    assert found.shape == (items, columns), found.shape


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


def saved_model_of(data):
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString(data)
    assert "serving_default" in model.meta_graphs[0].signature_def
    return model


def parse_saved_model(path, **_):
    saved_model_of(bytes_of(path))


def rewrite_saved_model(path, **_):
    """upb writes maps in an order of its own: as many bytes, not the same ones."""
    data = bytes_of(path)
    found = len(saved_model_of(data).SerializeToString())
    assert found == len(data), f"{found} bytes instead of {len(data)}"
