"""Receipts from the tamper-evident log, for senders and recipients about their own (c2sp.org/tlog-proof@v1)."""

from __future__ import annotations

from aiohttp import web

from hub.api.answers import PRIVATE, bad_parameter, known_parameters, path_id
from hub.api.asking import asking
from hub.api.keys import caller_of, hub_of
from hub.api.problems import call_problem
from hub.audit import proofs, proving
from hub.audit.proofs import Proof
from hub.audit.proving import NotCovered
from hub.delivery.reading import is_readable_by
from hub.store.records import MessageKey


@asking
def prove_message(request: web.Request) -> web.Response:
    """That the acceptance of an own message is in the log."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    known_parameters(request)
    key = MessageKey(f"/units/{caller}", path_id(request, "id"))
    stored = hub.reader.find_messages([key]).get(key)
    if stored is None:
        raise call_problem("NOT_FOUND")
    try:
        proof = proving.prove_message(hub.reader, stored, uniform=hub.rulebook.types[stored.type].uniform)
    except NotCovered:
        raise call_problem("NOT_YET", Retry_After="1") from None
    return _answer(proof)


@asking
def prove_delivery(request: web.Request) -> web.Response:
    """That an own reading, acknowledgement or report is in the log; the newest, or that of the step `of`."""
    hub, caller = hub_of(request), caller_of(request).unit_id
    known_parameters(request, "of")
    step = request.query.get("of")
    if step is not None and step not in proving.STEPS:
        raise bad_parameter("of", "En av " + ", ".join(proving.STEPS))
    delivery_id = path_id(request, "delivery")
    view = hub.reader.find_deliveries([delivery_id]).get(delivery_id)
    if view is None or not is_readable_by(view, caller):
        raise call_problem("NOT_FOUND")
    try:
        proof = proving.find_delivery_proof(hub.reader, view, step)
    except NotCovered:
        raise call_problem("NOT_YET", Retry_After="1") from None
    if proof is None:
        raise call_problem("NOT_FOUND")
    return _answer(proof)


def _answer(proof: Proof) -> web.Response:
    return web.Response(body=proof.text.encode(), headers={"Content-Type": proofs.MEDIA_TYPE, **PRIVATE})
