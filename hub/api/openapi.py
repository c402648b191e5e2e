"""The OpenAPI document, built from the table of operations: what is routed is in it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from importlib import metadata
from typing import Any

from aiohttp import web

from hub.api.answers import answer
from hub.api.components import COMPONENTS
from hub.api.routes import Access, Operation
from schemas import envelope as envelopes

DOCUMENT: web.AppKey[dict[str, Any]] = web.AppKey("openapi", dict)

_MEDIA = {"Event": envelopes.MEDIA_STRUCTURED, "Problem": "application/problem+json"}
_BODIES = {"TokenRequest": "application/x-www-form-urlencoded", "AttachmentPart": "application/octet-stream"}
_DENIED = {
    401: ("Giltig token saknas.", "Problem"),
    429: ("För många anrop; Retry-After säger hur många sekunder som är kvar.", "Problem"),
}
_NOT_RECEIVED = {
    408: ("Innehållet kom inte fram i tid.", "Problem"),
    413: ("Större än 1 MiB.", "Problem"),
}


def build_document(operations: Iterable[Operation]) -> dict[str, Any]:
    """An OpenAPI 3.1 document of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Samverkansnavet",
            "version": metadata.version("samverkan"),
            "description": "Navet genom vilket stadsdelar, jobbtorg, Arbetsförmedlingen, Försäkringskassan, "
            "Region Stockholm och FINSAM-team planerar tillsammans för en person i taget.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    public = operation.access is Access.PUBLIC
    answers = {
        **({} if operation.body is None else _NOT_RECEIVED),
        **({} if public else _DENIED),
        **operation.answers,
    }
    described: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [] if public else [{"token": []}],
        "parameters": [*_path_parameters(operation.path), *_other_parameters(operation)],
        "responses": {
            str(status): _answer(description, name, operation.other_forms if status == HTTPStatus.OK else ())
            | _headers(status)
            for status, (description, name) in sorted(answers.items())
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _body(operation.body)}
    return described


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{([a-z]+)\}", path)
    ]


def _other_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": entry.name, "in": entry.place, "description": entry.description, "schema": entry.schema}
        for entry in operation.parameters
    ]


def _answer(description: str, name: str | None, other_forms: Iterable[str]) -> dict[str, Any]:
    if name is None:
        return {"description": description}
    if "/" in name:
        return {"description": description, "content": {m: {} for m in (name, *other_forms)}}
    media = _MEDIA.get(name, "application/json")
    return {
        "description": description,
        "content": {media: {"schema": _reference(name)}, **{m: {} for m in other_forms}},
    }


def _headers(status: int) -> dict[str, Any]:
    if status not in (429, 503):
        return {}
    seconds = {"type": "integer", "minimum": 0}
    return {"headers": {"Retry-After": {"description": "Sekunder att vänta.", "schema": seconds}}}


def _body(name: str) -> dict[str, Any]:
    if name not in ("Event", "Events"):
        return {_BODIES.get(name, "application/json"): {"schema": _reference(name)}}
    event = _reference("Event")
    batch = {"type": "array", "maxItems": envelopes.MOST_IN_BATCH, "items": event}
    return {
        envelopes.MEDIA_STRUCTURED: {"schema": event},
        envelopes.MEDIA_DATA: {"schema": {"type": "object", "description": "`data`; attributen som ce-huvuden."}},
        **({envelopes.MEDIA_BATCH: {"schema": batch}} if name == "Events" else {}),
    }


def _reference(name: str) -> dict[str, str]:
    if name not in COMPONENTS:
        raise LookupError(f"the document has no component {name}")
    return {"$ref": f"#/components/schemas/{name}"}


async def show(request: web.Request) -> web.Response:
    return answer(request.app[DOCUMENT], headers={"Cache-Control": "public, max-age=300"})
