"""Where a webhook may lead: to public addresses, and to networks that the operator has named. Nowhere else.

A unit chooses its own address, so the hub could be made to call what only the hub can reach (OWASP API7:2023). The
name is resolved at each connection, every address that it has must be allowed, and the connection goes to the very
address that was checked: a name that answers otherwise the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver
from yarl import URL

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL: Final = 1024
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_RELAY: Final = ipaddress.IPv4Network("192.88.99.0/24")  # RFC 7526: deprecated, leads anywhere


class AddressRefused(OSError):
    """The hub does not connect there."""


class UrlRefused(ValueError):
    """No address for a webhook. The text is Swedish, for the unit that registers it."""


class Destinations:
    """What is allowed. `networks` are beside the public addresses; without `public`, nothing else is."""

    def __init__(self, networks: Sequence[Network] = (), *, public: bool = True) -> None:
        self._networks = tuple(networks)
        self._public = public

    def for_scheme(self, scheme: str) -> Destinations:
        """Without TLS only the operator's own networks."""
        return self if scheme == "https" else Destinations(self._networks, public=False)

    def check_url(self, text: str) -> str:
        """The address as it will be called. Raises `UrlRefused`."""
        if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
            raise UrlRefused(f"Högst {LONGEST_URL} tecken, ASCII utan mellanslag.")
        try:
            url = URL(text)
            host, _ = url.host, url.port
        except ValueError:
            raise UrlRefused("Inte en giltig adress.") from None
        if not host or url.scheme not in ("https", "http"):
            raise UrlRefused("Adressen ska börja med https://.")
        if url.user is not None or url.password is not None or url.fragment:
            raise UrlRefused("Adressen får inte innehålla inloggning eller fragment.")
        if url.scheme == "http" and not self._networks:
            raise UrlRefused("Adressen ska börja med https://.")
        if _is_local(host) and not self._networks:
            raise UrlRefused("Adressen leder till ett nät som navet inte anropar.")
        if _is_literal(host) and not self.for_scheme(url.scheme).allows(host):
            raise UrlRefused("Adressen leder till ett nät som navet inte anropar.")
        return str(url)

    def allows(self, host: str) -> bool:
        """Whether this numeric address may be connected to. What is no such address may not."""
        address = _read(host)
        if address is None:
            return False
        if any(address.version == network.version and address in network for network in self._networks):
            return True
        return self._public and is_public(address)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet can reach it, also by the IPv4 address that it carries inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    elif address in _RELAY:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _is_literal(host: str) -> bool:
    """Also the old ways of writing IPv4 (`127.1`, `0x7f000001`), which a resolver would take for one."""
    if _read(host) is not None or ":" in host:
        return True
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or last.startswith("0x")


def _is_local(host: str) -> bool:
    """Names that are kept for the machine itself and for networks of one's own (RFC 6761, 6762 and 8375, ICANN 2024).
    What any other name leads to shows with each connection."""
    return f".{host.rstrip('.').lower()}".endswith((".localhost", ".local", ".internal", ".home.arpa"))


def _read(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


class CheckedResolver(AbstractResolver):
    """Resolves a name, and refuses it whole when one of its addresses is not allowed."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(self._destinations.allows(each["host"]) for each in found):
            raise AddressRefused("the name has an address that the hub does not connect to")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def checked_socket(destinations: Destinations, address: AddrInfoType) -> socket.socket:
    """The socket for exactly this address: the last look, which nothing gets around (literals, caches, other ways)."""
    family, kind, proto, _, place = address
    if not destinations.allows(str(place[0])):
        raise AddressRefused("the hub does not connect to this address")
    return socket.socket(family=family, type=kind, proto=proto)
