"""Writes the checkpoints that the benchmarks read, as TensorFlow writes them. A line of JSON on standard input asks for one.

{"prefix", "tensors", "elements", "shards"}   float32 tensors of so many elements each, in so many data files; with "snappy", the
                                              index is compressed
{"prefix", "strings"}                         one tensor of so many short strings
{"prefix", "rows", "columns", "slices"}       one float32 tensor, saved in so many slices of rows, as partitioned variables are

The tensors share their values, so that a file may be larger than memory: no reader and no checksum takes a shortcut there.
"""

import json
import sys

import quiet  # noqa: F401
import tensorflow as tf

from snappy_index import compress_index


def save(prefix, names, values):
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)


def numbers(prefix, tensors, elements, shards, snappy=0):
    names = [f"model/layer_with_weights-{i // 10}/variable_{i % 10}/.ATTRIBUTES/VARIABLE_VALUE" for i in range(tensors)]
    values = tf.random.stateless_uniform([elements], seed=[1, 2])
    if shards == 1:
        save(prefix, names, [values] * tensors)
        if snappy:
            compress_index(f"{prefix}.index")
        return
    parts = [f"{prefix}-part-{shard}" for shard in range(shards)]
    for shard, part in enumerate(parts):
        own = names[shard::shards]
        save(part, own, [values] * len(own))
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=parts, destination_prefix=prefix, delete_old_dirs=False)


def strings(prefix, strings):
    save(prefix, ["vocabulary"], [tf.constant([f"word {i}" for i in range(strings)])])


def partitioned(prefix, rows, columns, slices):
    each = rows // slices
    values = tf.random.stateless_uniform([each, columns], seed=[1, 2])
    specs = [f"{rows} {columns} {first},{each}:0,{columns}" for first in range(0, rows, each)]
    names = ["embedding/partitioned"] * slices
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=specs, tensors=[values] * slices)


def writer(wanted):
    if "strings" in wanted:
        return strings
    return partitioned if "slices" in wanted else numbers


for line in sys.stdin:
    wanted = json.loads(line)
    writer(wanted)(**wanted)
    print("done", flush=True)
