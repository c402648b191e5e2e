"""The AsyncAPI document: every message that goes in and out, seen from the hub, with the schemas of the catalogue.

AsyncAPI tools read JSON Schema draft-07, where whatever stands beside a `$ref` is passed over. The schemas are
therefore written with such references followed; what they accept stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import Any

from aiohttp import web

from hub.api.answers import answer
from hub.api.components import COMPONENTS
from routing.rulebook import Rulebook
from schemas import envelope as envelopes
from schemas import tree
from schemas.registry import MessageType, Registry

DOCUMENT: web.AppKey[Callable[[], dict[str, Any]]] = web.AppKey("asyncapi")

_OF_THE_DOCUMENT = ("$schema", "$id", "$defs", "examples")
_HTTP = "0.3.0"  # the version of the HTTP bindings
_SHARED = ("Event", "Receipt", "InboxPage", "Outcome", "Problem")


def prepare_document(registry: Registry, rulebook: Rulebook) -> Callable[[], dict[str, Any]]:
    """Builds it when it is first asked for: that takes longer than the rest of the interface together."""
    return cache(lambda: build_document(registry, rulebook))


def build_document(registry: Registry, rulebook: Rulebook) -> dict[str, Any]:
    """An AsyncAPI 3.0 document with one message for every version of every type that somebody sends."""
    reserved = {rule.name for rule in rulebook.types.values() if rule.reserved}
    types = [entry for entry in registry.list_types() if entry.name not in reserved]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Samverkansnavet",
            "version": metadata.version("samverkan"),
            "description": "Seen from the hub: it receives what units send, and sends what is in their inboxes. A "
            "claim check says that something has come and where to read it, and nothing about the person. "
            "`/openapi.json` describes the same interface call by call, `/docs` shows it to people.",
        },
        "defaultContentType": envelopes.MEDIA_STRUCTURED,
        "servers": {"hub": _SERVER},
        "channels": _channels(types),
        "operations": _OPERATIONS,
        "components": {
            "schemas": {**_shared_schemas(), **_type_schemas(types)},
            "messages": {**_MESSAGES, **{_key(entry): _type_message(entry) for entry in types}},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


_SERVER = {
    "host": "{host}",
    "protocol": "http",
    "description": "One hub. In operation behind TLS.",
    "variables": {"host": {"default": "127.0.0.1:8080", "description": "Where the hub listens."}},
    "security": [{"$ref": "#/components/securitySchemes/token"}],
}


def _key(entry: MessageType) -> str:
    return f"{entry.name}-{entry.version}"


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _channels(types: Sequence[MessageType]) -> dict[str, Any]:
    delivery = {"parameters": {"delivery": {"description": "The id that the claim check names."}}}
    return {
        "messages": {
            "address": "/v1/messages",
            "title": "Meddelanden in",
            "description": "What units send. One event in structured mode, one in binary mode (attributes as `ce-` "
            f"headers, the body is `data`), or a batch of up to {envelopes.MOST_IN_BATCH}.",
            "messages": _named("event", "batch", *(_key(entry) for entry in types)),
        },
        "receipts": {
            "address": None,
            "title": "Svar",
            "description": "The answer to the HTTP request that carried the message.",
            "messages": _named("receipt", "problem"),
        },
        "inbox": {
            "address": "/v1/inbox",
            "title": "Inkorg",
            "description": "Claim checks of the calling unit, oldest first. With `wait` the answer is held until "
            "something has come.",
            "messages": _named("claimChecks"),
        },
        "delivery": {
            "address": "/v1/inbox/{delivery}",
            "title": "Ett meddelande ut",
            "description": "The event as this recipient may see it now; decided and logged at every reading.",
            "messages": _named("delivered", "problem"),
            **delivery,
        },
        "acknowledgement": {
            "address": "/v1/inbox/{delivery}/ack",
            "title": "Övertaget",
            "description": "The recipient has the message in its own keeping.",
            "messages": _named("acknowledgement"),
            **delivery,
        },
        "outcome": {
            "address": "/v1/inbox/{delivery}/handled",
            "title": "Vad det blev",
            "description": "What came of the message; shown to its sender.",
            "messages": _named("outcome"),
            **delivery,
        },
    }


def _named(*names: str) -> dict[str, Any]:
    return {name: _ref("messages", name) for name in names}


def _operation(
    action: str, channel: str, title: str, summary: str, method: str, query: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    binding: dict[str, Any] = {"method": method, "bindingVersion": _HTTP}
    if query is not None:
        binding["query"] = {"type": "object", "properties": query}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": title,
        "summary": summary,
        "bindings": {"http": binding},
    }


_OPERATIONS = {
    "receiveMessage": {
        **_operation("receive", "messages", "Ta emot ett meddelande", "Accept or refuse what a unit sends.", "POST"),
        "reply": {"channel": {"$ref": "#/channels/receipts"}},
    },
    "announceDeliveries": _operation(
        "send",
        "inbox",
        "Visa inkorgen",
        "Tell a unit what has come for it, without anything about the person.",
        "GET",
        {
            "limit": {"type": "integer", "minimum": 1, "maximum": 500},
            "cursor": {"type": "string"},
            "wait": {"type": "integer", "minimum": 0, "maximum": 30, "description": "Seconds."},
            "state": {"type": "string"},
        },
    ),
    "deliverMessage": _operation(
        "send", "delivery", "Lämna ut ett meddelande", "Give a unit its own copy of a message.", "GET"
    ),
    "receiveAcknowledgement": _operation(
        "receive", "acknowledgement", "Ta emot en kvittens", "Note that a recipient has taken over.", "POST"
    ),
    "receiveOutcome": _operation("receive", "outcome", "Ta emot ett utfall", "Note what came of a message.", "POST"),
}


def _message(title: str, summary: str, schema: str | None, media: str) -> dict[str, Any]:
    message: dict[str, Any] = {"title": title, "summary": summary, "contentType": media}
    return message if schema is None else {**message, "payload": _ref("schemas", schema)}


_MESSAGES = {
    "event": _message(
        "Händelse", "Any event of the catalogue in structured mode.", "Event", envelopes.MEDIA_STRUCTURED
    ),
    "batch": _message("Bunt", "Several events, each judged alone.", "Batch", envelopes.MEDIA_BATCH),
    "receipt": _message("Kvitto", "Accepted durably, and what each recipient gets.", "Receipt", "application/json"),
    "problem": _message("Fel", "Why it was refused, and what to do.", "Problem", "application/problem+json"),
    "claimChecks": _message("Nytt i inkorgen", "What has come, and where to read it.", "InboxPage", "application/json"),
    "delivered": _message(
        "Levererad händelse",
        "A message of any type. `data` is valid against `/schemas/{type}/{version}?for=` and the recipient's kind.",
        "Delivered",
        envelopes.MEDIA_STRUCTURED,
    ),
    "acknowledgement": _message("Övertaget", "An empty body.", None, "application/json"),
    "outcome": _message("Utfall", "How the recipient handled the message.", "Outcome", "application/json"),
}


def _type_message(entry: MessageType) -> dict[str, Any]:
    """One version of one type in binary mode, where headers and body have a schema each."""
    full, schema = f"{envelopes.TYPE_PREFIX}{entry.name}", f"/schemas/{entry.name}/{entry.version}"
    message = {
        "name": full,
        "title": entry.title_sv,
        "summary": entry.title_en,
        "description": f"{entry.description_en} The schema as published: `{schema}`.",
        "contentType": envelopes.MEDIA_DATA,
        "tags": [{"name": entry.name.split(".", maxsplit=1)[0]}],
        "headers": {
            "type": "object",
            "allOf": [_ref("schemas", "Attributes")],
            "properties": {
                "ce-type": {"const": full},
                "ce-dataschema": {"const": schema},
            },
        },
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "payload": _ref("schemas", _key(entry)),
    }
    examples = [{"payload": example} for example in entry.document.get("examples", ())[:1]]
    return {**message, "examples": examples} if examples else message


def _shared_schemas() -> dict[str, Any]:
    event = COMPONENTS["Event"]
    attributes = {name: schema for name, schema in event["properties"].items() if name != "data"}
    sent = {name: schema for name, schema in attributes.items() if name not in envelopes.DELIVERY_ATTRIBUTES}
    del sent["datacontenttype"]  # in binary mode it is the Content-Type
    return {
        **{name: COMPONENTS[name] for name in _SHARED},
        "Batch": {"type": "array", "maxItems": envelopes.MOST_IN_BATCH, "items": _ref("schemas", "Event")},
        "Delivered": {"allOf": [_ref("schemas", "Event"), {"required": list(envelopes.DELIVERY_ATTRIBUTES)}]},
        "Attributes": {
            "type": "object",
            "description": "The CloudEvents attributes as HTTP headers, percent-encoded where they are not ASCII.",
            "properties": {f"ce-{name}": schema for name, schema in sent.items()},
            "required": [f"ce-{name}" for name in event["required"] if name in sent],
        },
    }


def _type_schemas(types: Sequence[MessageType]) -> dict[str, Any]:
    """Every type, and once what several types have in common."""
    found: dict[str, Any] = {}
    for entry in types:
        body = {key: value for key, value in entry.document.items() if key not in _OF_THE_DOCUMENT}
        found[_key(entry)] = _Portable(entry.document, found).write(body)
    return dict(sorted(found.items()))


class _Portable:
    """Writes one document for draft-07, and adds the definitions that it still refers to."""

    def __init__(self, document: Mapping[str, Any], found: dict[str, Any]) -> None:
        self._document = document
        self._found = found

    def write(self, schema: Any) -> Any:
        match schema:
            case {"$ref": str(reference)} if len(schema) == 1:
                return self._refer(reference.removeprefix("#/$defs/"))
            case {"$ref": _}:
                return self.write(tree.merge(schema, self._document))
            case dict():
                return {key: self.write(value) for key, value in schema.items()}
            case list():
                return [self.write(entry) for entry in schema]
            case _:
                return schema

    def _refer(self, name: str) -> dict[str, str]:
        if name not in self._found:
            self._found[name] = {}  # named before it is written, since it may refer to itself
            self._found[name] = self.write(self._document["$defs"][name])
        return _ref("schemas", name)


async def show(request: web.Request) -> web.Response:
    return answer(request.app[DOCUMENT](), headers={"Cache-Control": "public, max-age=300"})
