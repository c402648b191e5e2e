"""The envelope: CloudEvents 1.0 with the attributes that the hub knows, in structured, binary and batch mode.

Stricter than CloudEvents where the hub promises something: ids are UUIDs, unknown attributes are refused,
`data` is a JSON object. Parsing never repeats a value: faults carry pointers and our own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

import orjson
import pydantic

from schemas import registry, strict_json

TYPE_PREFIX = "se.samverkan."
MEDIA_STRUCTURED = "application/cloudevents+json"
MEDIA_BATCH = "application/cloudevents-batch+json"
MEDIA_DATA = "application/json"
MOST_IN_BATCH = 100
MOST_ATTACHED = 10


class NotAnEvent(Exception):
    """The document is no event that the hub accepts. `faults` point into the event and hold no values."""

    def __init__(self, *faults: registry.Fault) -> None:
        super().__init__("not an event")
        self.faults = faults


class WrongMediaType(Exception):
    """The content type is none of the three that carry events."""


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
)
_SOURCE = re.compile(r"/units/([a-z0-9][a-z0-9-]{1,63})")
_TYPE = re.compile(r"se\.samverkan\.[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*")
_DATASCHEMA = re.compile(r"/schemas/([a-z][a-z0-9.-]*)/([0-9]{1,4}\.[0-9]{1,4})")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_DATAREF = re.compile(r"[!-~]{1,500}")
_ATTACHED = re.compile(rf"{_UUID.pattern}=[A-Z]{{2}}(?:[+][A-Z]{{2}})*")


def _read_uuid(value: object) -> str:
    if isinstance(value, str) and _UUID.fullmatch(lowered := value.lower()):
        return lowered
    raise ValueError


def _read_instant(value: object) -> datetime:
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return value
    if isinstance(value, str) and _INSTANT.fullmatch(upper := value.upper()):
        return datetime.fromisoformat(upper)
    raise ValueError


def _read_sequence(value: object) -> int:
    # In binary mode and in the CloudEvents sequence extension it is a string of digits.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError


def _matching(pattern: re.Pattern[str], longest: int = 512) -> pydantic.BeforeValidator:
    def read(value: object) -> str:
        if isinstance(value, str) and len(value) <= longest and pattern.fullmatch(value):
            return value
        raise ValueError

    return pydantic.BeforeValidator(read)


def _read_attached(value: object) -> str:
    files = value.split(" ") if isinstance(value, str) else []
    if not 1 <= len(files) <= MOST_ATTACHED or not all(map(_ATTACHED.fullmatch, files)):
        raise ValueError
    if len({file.partition("=")[0] for file in files}) < len(files):
        raise ValueError
    return " ".join(files)


def read_attached(value: str | None) -> dict[str, frozenset[str]]:
    """What the attribute `attachments` says, which is valid: attachment id -> the categories that the file holds."""
    files = [file.partition("=") for file in (value or "").split()]
    return {attachment_id: frozenset(categories.split("+")) for attachment_id, _, categories in files}


def write_attached(files: Mapping[str, Iterable[str]]) -> str | None:
    """The attribute again; None for no files, since CloudEvents has no empty attribute."""
    return " ".join([f"{name}={'+'.join(sorted(categories))}" for name, categories in files.items()]) or None


Uuid = Annotated[str, pydantic.PlainValidator(_read_uuid)]
Instant = Annotated[datetime, pydantic.PlainValidator(_read_instant)]


class Envelope(pydantic.BaseModel):
    """One event. The last four attributes are the hub's own: set on delivery, never taken from a sender.

    `type` is the full CloudEvents type; `catalogue_type` is the part that the catalogue knows. UUIDs are in
    lower case. `attachments` names files and the categories of information that each holds
    (`<id>=HE+PL <id>=WO`): to the hub those of the sender, to a recipient those that it may fetch.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Uuid
    source: Annotated[str, _matching(_SOURCE)]
    type: Annotated[str, _matching(_TYPE, 128)]
    time: Instant
    data: dict[str, Any] = pydantic.Field(repr=False)
    dataschema: Annotated[str, _matching(_DATASCHEMA)] | None = None
    subject: Uuid | None = None
    correlationid: Uuid | None = None
    causationid: Uuid | None = None
    expirytime: Instant | None = None
    traceparent: Annotated[str, _matching(_TRACEPARENT)] | None = None
    attachments: Annotated[str, pydantic.PlainValidator(_read_attached)] | None = None
    recordedtime: Instant | None = None
    sequence: Annotated[int, pydantic.PlainValidator(_read_sequence)] | None = None
    dataref: Annotated[str, _matching(_DATAREF)] | None = None
    deliveryid: Uuid | None = None

    @pydantic.model_validator(mode="after")
    def _refuse_a_schema_of_another_type(self) -> Envelope:
        if self.dataschema is not None and self.dataschema.split("/")[2] != self.catalogue_type:
            raise ValueError
        return self

    @property
    def unit_id(self) -> str:
        """The sending unit, from `source`."""
        return self.source.removeprefix("/units/")

    @property
    def catalogue_type(self) -> str:
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def schema_version(self) -> str | None:
        """The version that `dataschema` names; None asks for the newest."""
        return None if self.dataschema is None else self.dataschema.rpartition("/")[2]


DELIVERY_ATTRIBUTES = ("recordedtime", "sequence", "dataref", "deliveryid")
"""What the hub sets on delivery. A sender that sets one is not believed: intake refuses it."""


def parse_structured(document: object) -> Envelope:
    """The event in a parsed JSON document. Raises `NotAnEvent` with every fault."""
    if not isinstance(document, dict):
        raise NotAnEvent(registry.Fault("", "type", "Ska vara ett CloudEvents-objekt."))
    # CloudEvents JSON format 2.2: an attribute that is null is an attribute that is not there.
    attributes = {name: value for name, value in document.items() if value is not None}
    faults = _check_constants(attributes)
    envelope, more = _validate(attributes)
    if envelope is None or faults or more:
        raise NotAnEvent(*faults, *more)
    return envelope


def _check_constants(attributes: dict[str, Any]) -> list[registry.Fault]:
    """Takes out the two attributes that have only one right value."""
    faults = []
    if "specversion" not in attributes:
        faults.append(registry.Fault("/specversion", "required", "Uppgiften saknas."))
    elif attributes.pop("specversion") != "1.0":
        faults.append(registry.Fault("/specversion", "const", "Ska vara 1.0."))
    media = attributes.pop("datacontenttype", MEDIA_DATA)
    if not isinstance(media, str) or not _is_utf8(media) or _essence(media) != MEDIA_DATA:
        faults.append(registry.Fault("/datacontenttype", "const", f"Ska vara {MEDIA_DATA}."))
    return faults


def _validate(attributes: dict[str, Any]) -> tuple[Envelope | None, list[registry.Fault]]:
    try:
        return Envelope.model_validate(attributes), []
    except pydantic.ValidationError as error:
        # Only place and kind are used: the rest of what pydantic lists repeats the input.
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return None, list(dict.fromkeys(_fault(entry["type"], entry["loc"]) for entry in found))


def _fault(kind: str, place: tuple[int | str, ...]) -> registry.Fault:
    if kind == "extra_forbidden":
        # The attribute's name came from outside; it is not repeated.
        return registry.Fault("", "additionalProperties", "Händelsen har ett attribut som navet inte känner.")
    if not place:
        return registry.Fault("/dataschema", "const", "dataschema hör till en annan typ än type.")
    name = str(place[0])
    if kind == "missing":
        return registry.Fault(f"/{name}", "required", "Uppgiften saknas.")
    if name == "data":
        return registry.Fault("/data", "type", "Ska vara ett objekt.")
    return registry.Fault(f"/{name}", "format", _FORMS.get(name, "Värdet har inte rätt form."))


_FORMS = {
    "id": "Ska vara ett UUID.",
    "subject": "Ska vara ärendets UUID.",
    "correlationid": "Ska vara ett UUID.",
    "causationid": "Ska vara ett UUID.",
    "source": "Ska vara /units/ följt av enhetens id.",
    "type": f"Ska börja med {TYPE_PREFIX}.",
    "dataschema": "Ska vara /schemas/typ/version.",
    "time": "Ska vara en tidpunkt med tidszon enligt RFC 3339.",
    "expirytime": "Ska vara en tidpunkt med tidszon enligt RFC 3339.",
    "attachments": f"Ska vara högst {MOST_ATTACHED} olika bilagor som id=KATEGORI+KATEGORI, med mellanslag emellan.",
}


def parse_http(content_type: str, headers: Mapping[str, str], body: bytes) -> Envelope | list[Envelope | NotAnEvent]:
    """The event of an HTTP message in structured or binary mode, or the list of a batch, each element judged alone.

    Raises `WrongMediaType`, `strict_json.NotJson`, and `NotAnEvent` for what concerns the message as a whole.
    `headers` may list a name several times (multidict); an attribute given twice is refused.
    """
    media = _essence(content_type)
    if media not in (MEDIA_STRUCTURED, MEDIA_BATCH, MEDIA_DATA) or not _is_utf8(content_type):
        raise WrongMediaType
    if media == MEDIA_STRUCTURED:
        return parse_structured(strict_json.loads(body))
    if media == MEDIA_BATCH:
        return _parse_batch(strict_json.loads(body))
    attributes = _read_headers(headers)
    if "specversion" not in attributes:
        raise WrongMediaType
    return parse_structured({**attributes, "data": strict_json.loads(body)})


def _parse_batch(document: object) -> list[Envelope | NotAnEvent]:
    if not isinstance(document, list):
        raise NotAnEvent(registry.Fault("", "type", "Ska vara en lista med händelser."))
    if len(document) > MOST_IN_BATCH:
        raise NotAnEvent(registry.Fault("", "maxItems", f"Högst {MOST_IN_BATCH} händelser får skickas på en gång."))
    return [_parse_element(element) for element in document]


def _parse_element(element: object) -> Envelope | NotAnEvent:
    try:
        return parse_structured(element)
    except NotAnEvent as refused:
        # Without the traceback, whose frames would keep the refused element alive.
        return refused.with_traceback(None)


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_utf8(content_type: str) -> bool:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            return False
    return True


def _read_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in headers.items():
        lowered = name.lower()
        if not lowered.startswith("ce-"):
            continue
        attribute = lowered[3:]
        # `data` travels in the body and `datacontenttype` in Content-Type: as ce- headers they are unknown
        # attributes.
        if attribute in found or attribute in ("data", "datacontenttype"):
            raise NotAnEvent(
                registry.Fault("", "additionalProperties", "Ett attribut står på fel ställe eller två gånger.")
            )
        found[attribute] = _decode_header(value)
    return found


def _decode_header(value: str) -> str:
    """CloudEvents HTTP binding 3.1.3.2: unquote once, percent-decode once, UTF-8. Raises `NotAnEvent`."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    decoded = None
    if value.isascii():
        try:
            decoded = unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            decoded = None
    if decoded is None:
        raise NotAnEvent(registry.Fault("", "format", "Ett ce-huvud är inte procentkodad UTF-8."))
    return decoded


def to_structured(envelope: Envelope) -> dict[str, Any]:
    """The event as a JSON document, attributes that are unset left out."""
    return {**_attributes(envelope), "datacontenttype": MEDIA_DATA, "data": envelope.data}


def to_binary(envelope: Envelope) -> tuple[dict[str, str], bytes]:
    """Headers (with `content-type`) and body of the event in binary mode."""
    headers = {"content-type": MEDIA_DATA}
    for name, value in _attributes(envelope).items():
        headers[f"ce-{name}"] = quote_from_bytes(str(value).encode(), safe=_HEADER_SAFE)
    return headers, orjson.dumps(envelope.data)


_HEADER_SAFE = "".join(char for char in map(chr, range(0x21, 0x7F)) if char not in '"%')


def _attributes(envelope: Envelope) -> dict[str, Any]:
    found: dict[str, Any] = {"specversion": "1.0"}
    for name in Envelope.model_fields:
        value = getattr(envelope, name)
        if name != "data" and value is not None:
            found[name] = write_instant(value) if isinstance(value, datetime) else value
    return found


def write_instant(instant: datetime) -> str:
    """RFC 3339, "Z" for UTC."""
    text = instant.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
