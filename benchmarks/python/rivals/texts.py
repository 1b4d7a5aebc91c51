"""JSON and YAML in Python; PyYAML in C where it was built so."""

import functools
import json

import yaml

Loader = getattr(yaml, "CFullLoader", yaml.FullLoader)
Dumper = getattr(yaml, "CDumper", yaml.Dumper)


@functools.cache
def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def json_round_trip(path, **_):
    text = text_of(path)
    assert json.dumps(json.loads(text)) == text


def yaml_round_trip(path, **_):
    text = text_of(path)
    assert yaml.dump(yaml.load(text, Loader), Dumper=Dumper) == text


def yaml_round_trip_in_python(path, **_):
    text = text_of(path)
    assert yaml.dump(yaml.load(text, yaml.FullLoader)) == text
