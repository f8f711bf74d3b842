"""Judges Kubernetes documents (YAML on standard input) by published schemas in which a field that does not exist is a fault.

Prints one JSON line a document: kind, name and faults. Arguments: Kubernetes versions to judge by.
"""
import functools
import json
import sys

import kubernetes_validate
from kubernetes_validate import utils
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject


# The package reads the same definitions again for every document.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


def same(given, kept, path=''):
    """What the model did not keep of what it was given: it leaves out what it does not know."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            yield from same(value, kept[key], f'{path}.{key}') if key in kept else [f'{path}.{key} is not known']
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for index, value in enumerate(given):
            yield from same(value, kept[index], f'{path}[{index}]')
    elif given != kept:
        yield f'{path}: {given!r} became {kept!r}'


def faults(document, versions):
    if document['apiVersion'].startswith('keda.sh/'):
        try:
            model = ScaledObject.model_validate(document)
        except ValueError as error:
            return [str(error)]
        return list(same(document, json.loads(model.model_dump_json(by_alias=True, exclude_none=True))))
    found = []
    for version in versions:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{version}: {'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            found.append(error.message)
    return found


for document in yaml.safe_load_all(sys.stdin):
    if document:
        name = document['metadata']['name']
        print(json.dumps({'kind': document['kind'], 'name': name, 'faults': faults(document, sys.argv[1:])}))
