"""Writes the checkpoints that the benchmarks read, as TensorFlow writes them.

    python generate.py PREFIX TENSORS ELEMENTS      float32 tensors of ELEMENTS elements each

The tensors share their values, so that a file may be larger than memory: no reader and no checksum takes a shortcut there.
"""

import sys

import quiet  # noqa: F401
import tensorflow as tf

prefix, tensors, elements = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [f"model/layer_with_weights-{i // 10}/variable_{i % 10}/.ATTRIBUTES/VARIABLE_VALUE" for i in range(tensors)]
values = tf.random.stateless_uniform([elements], seed=[1, 2])
tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * tensors, tensors=[values] * tensors)
