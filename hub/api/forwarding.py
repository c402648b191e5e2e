"""Who calls through a proxy: what the proxies that the settings name tell of it, and nobody else.

A proxy adds the address that it saw behind what its own caller had sent. So the list is read from its end, and each
address counts only as long as a proxy that is trusted has told it; what comes before that, anybody may have written.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final, Literal

from aiohttp import web

from hub.api.keys import hub_of
from hub.settings import Network

Header = Literal["none", "x-forwarded-for", "forwarded"]
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR: Final = rf'({_WORD})=({_WORD}|"[^"\\]*")'
_NEXT_PAIR: Final = re.compile(rf"([,;]?)[ \t]*{_PAIR}[ \t]*")
_FORWARDED: Final = re.compile(rf"[ \t]*{_PAIR}[ \t]*([,;][ \t]*{_PAIR}[ \t]*)*")
_PORT: Final = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_SUBSCRIBER_BITS: Final = 64


def client_network(request: web.Request) -> str:
    """What one caller cannot leave at will, to count by: an IPv4 address, or the /64 of an IPv6 one (RFC 6177)."""
    settings = hub_of(request).settings
    told = read(settings.client_address_header, request.headers.getall(settings.client_address_header, []))
    client = find_client(request.remote or "", told, settings.trusted_proxies)
    address = _address(client)
    if not isinstance(address, ipaddress.IPv6Address):
        return client
    return str(ipaddress.ip_network((address, _SUBSCRIBER_BITS), strict=False))


def find_client(peer: str, told: Sequence[str], trusted: Sequence[Network]) -> str:
    """The last address before the trusted ones; `peer` itself when it is none of them, or tells nothing of use.

    `told` is what was told of each step, the nearest last."""
    client = plain(peer)
    for text in reversed(told):
        if not is_among(client, trusted) or _address(text) is None:
            break
        client = plain(text)
    return client


def read(header: Header, values: Sequence[str]) -> list[str]:
    """What was told of each step. Of a `Forwarded` that is not wholly as RFC 7239 4 has it nothing counts: an open
    quotation mark of a caller's would swallow what the proxy has written behind it."""
    whole = ", ".join(values)
    if header == "x-forwarded-for":
        return [text.strip() for text in whole.split(",")]
    if header == "none" or _FORWARDED.fullmatch(whole) is None:
        return []
    told = [""]
    for separator, name, text in _NEXT_PAIR.findall(whole):
        if separator == ",":
            told.append("")
        if name.lower() == "for":
            told[-1] = text.strip('"')
    return told


def is_among(text: str, networks: Sequence[Network]) -> bool:
    """Whether it is an address in one of them; one of IPv4 also in its form for IPv6."""
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def plain(text: str) -> str:
    """One spelling of an address, without its port; what is no address stays as it is."""
    address = _address(text)
    return text if address is None else str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with_port = _PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(text if with_port is None else with_port[1] or with_port[2])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
