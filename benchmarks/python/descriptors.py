"""Writes the FileDescriptorSet of SavedModel, as TensorFlow has it, to the file that is named: for libraries that make code from it."""

import importlib.util
import sys
import types

# The messages without the rest of TensorFlow, which takes seconds to start.
tensorflow = types.ModuleType("tensorflow")
tensorflow.__path__ = importlib.util.find_spec("tensorflow").submodule_search_locations
sys.modules["tensorflow"] = tensorflow

from google.protobuf import descriptor_pb2  # noqa: E402
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

files = descriptor_pb2.FileDescriptorSet()
added = set()


def add(descriptor):
    """What a file imports stands before it."""
    if descriptor.name in added:
        return
    added.add(descriptor.name)
    for imported in descriptor.dependencies:
        add(imported)
    descriptor.CopyToProto(files.file.add())


add(saved_model_pb2.DESCRIPTOR)
with open(sys.argv[1], "wb") as file:
    file.write(files.SerializeToString())
