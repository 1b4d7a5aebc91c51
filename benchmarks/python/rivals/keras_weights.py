"""Keras, which reads weights into a model that is there."""

import functools

import quiet  # noqa: F401
import h5py
import keras


class Dense(keras.layers.Layer):
    """A layer of one variable, whatever its size. Files know layers by the name of their class."""

    def __init__(self, elements):
        super().__init__()
        self.elements = elements

    def build(self, _):
        self.kernel = self.add_weight(shape=self.elements, initializer="zeros", name="kernel")

    def call(self, inputs):
        return inputs


@functools.cache
def model_for(path, items):
    with h5py.File(path) as file:
        shape = file["layers/dense/vars/0"].shape
    return keras.Sequential([keras.Input((1,)), *(Dense(shape) for _ in range(items))])


def load(path, bytes, items, **_):
    model = model_for(path, items)
    model.load_weights(path)
    total = sum(weight.shape.num_elements() * 4 for weight in model.weights)
    assert total == bytes, f"{total} bytes instead of {bytes}"
    assert float(model.weights[-1][-1]) == 0.5
