"""Prints the versions that the results depend on, as JSON."""

import json
import platform

import quiet  # noqa: F401
import tensorflow as tf

print(json.dumps({"Python": platform.python_version(), "TensorFlow": tf.__version__}))
