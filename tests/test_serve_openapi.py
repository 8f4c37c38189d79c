"""The document of the API and the routes are of each other; the page is made of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from jsonschema import Draft202012Validator
from starlette.routing import Route

from promptcodec.server.openapi import document
from promptcodec.server.openapi.reference import page
from promptcodec.server.routes import ROUTES
from tests.api_document import resolved, validator

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "api.md"
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
}


def test_every_route_is_documented_and_nothing_else():
    served = {
        f"{method} {route.path}"
        for route in ROUTES
        if isinstance(route, Route)
        for method in route.methods - {"HEAD"}
    }
    assert served == set(OPERATIONS)


def test_the_page_is_what_the_document_says():
    assert PAGE.read_text("utf-8") == page()


def test_schemas_are_schemas_and_references_lead_somewhere():
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            validator(schema).validate(example)

    def follow(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                resolved(value)
            for each in value.values():
                follow(each)
        elif isinstance(value, list):
            for each in value:
                follow(each)

    follow(document())


def test_operations_have_names_of_their_own_and_known_subjects():
    names = Counter(operation["operationId"] for operation in OPERATIONS.values())
    assert names.most_common(1)[0][1] == 1
    subjects = {tag["name"] for tag in document()["tags"]}
    assert {tag for operation in OPERATIONS.values() for tag in operation["tags"]} == subjects


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_are_what_their_schemas_take(name):
    operation = OPERATIONS[name]
    examples = 0
    contents = [operation.get("requestBody", {}).get("content", {})]
    contents += [resolved(each).get("content", {}) for each in operation["responses"].values()]
    for content in contents:
        for kind, each in content.items():
            Draft202012Validator.check_schema(each["schema"])
            if "example" in each:
                assert kind.endswith("json")
                validator(each["schema"]).validate(each["example"])
                examples += 1
            else:
                assert not kind.endswith("/json") or "contentMediaType" in each["schema"]
    for parameter in operation.get("parameters", ()):
        Draft202012Validator.check_schema(parameter["schema"])
        assert parameter["in"] != "path" or f"{{{parameter['name']}}}" in name
        if "example" in parameter:
            validator(parameter["schema"]).validate(parameter["example"])
            examples += 1
    assert examples or name == "GET /"


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_the_path_names_is_a_parameter(name):
    named = [each["name"] for each in OPERATIONS[name].get("parameters", ()) if each["in"] == "path"]
    assert named == [part[1:-1] for part in name.split("/") if part.startswith("{")]
