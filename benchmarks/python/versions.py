"""Prints the versions of this environment that the results depend on, as JSON."""

import importlib.metadata
import json
import platform

PACKAGES = ("tensorflow-cpu", "keras", "h5py", "numpy", "protobuf", "safetensors", "PyYAML")


def versions():
    yield "Python", platform.python_version()
    for name in PACKAGES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass


print(json.dumps(dict(versions())))
