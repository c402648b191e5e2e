"""Who calls behind a proxy: what trusted proxies have seen, and nothing that a caller could have written."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from hub.api import forwarding

PROXY, OUTER, CALLER, FORGED = "10.0.0.1", "10.0.0.2", "192.0.2.7", "203.0.113.9"
TRUSTED = tuple(map(ip_network, (PROXY, OUTER, "2001:db8::1")))
NETWORKS = tuple(map(ip_network, ("10.0.0.0/30", "2001:db8:9::/48")))


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        (CALLER, [], CALLER),
        (CALLER, [FORGED], CALLER),  # no proxy of ours: it has sent text
        (PROXY, [], PROXY),
        (PROXY, [CALLER], CALLER),
        (PROXY, [FORGED, CALLER], CALLER),
        (PROXY, [FORGED, CALLER, OUTER], CALLER),
        (PROXY, [PROXY, OUTER, CALLER], CALLER),
        (PROXY, [FORGED, "unknown"], PROXY),
        (PROXY, [FORGED, "_hidden", OUTER], OUTER),
        (PROXY, [FORGED, ""], PROXY),
        (PROXY, [f"{CALLER}:4711"], CALLER),
        (PROXY, ["[2001:DB8::7]:4711"], "2001:db8::7"),
        (PROXY, ["2001:db8:0::7"], "2001:db8::7"),
        (PROXY, [f"::ffff:{CALLER}"], CALLER),
        (f"::ffff:{PROXY}", [CALLER], CALLER),
        ("2001:db8:0:0::1", [CALLER], CALLER),
        ("", [CALLER], ""),
    ],
)
def test_the_last_address_before_those_that_are_trusted_counts(peer: str, told: list[str], client: str) -> None:
    assert forwarding.find_client(peer, told, TRUSTED) == client


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        (PROXY, [CALLER], CALLER),
        ("10.0.0.3", [FORGED, CALLER, OUTER], CALLER),
        ("10.0.0.4", [FORGED], "10.0.0.4"),  # the first behind the network
        (CALLER, [FORGED, PROXY], CALLER),
        (PROXY, [FORGED, CALLER, "10.0.0.1.evil.example"], PROXY),
        (PROXY, [FORGED, CALLER, "10.0.0.0/30"], PROXY),
        (PROXY, [FORGED, "010.0.0.1"], PROXY),
        (PROXY, [FORGED, "167772161"], PROXY),
        (PROXY, [FORGED, "10.0.0.1\x00"], PROXY),
        (PROXY, [FORGED, CALLER, "::ffff:10.0.0.2"], CALLER),
        ("2001:db8:9:1::5", [CALLER], CALLER),
        ("2001:db8:a::5", [CALLER], "2001:db8:a::5"),
    ],
)
def test_every_proxy_of_a_network_is_trusted_and_nothing_that_only_looks_like_one(
    peer: str, told: list[str], client: str
) -> None:
    assert forwarding.find_client(peer, told, NETWORKS) == client


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], [""]),
        ([CALLER], [CALLER]),
        ([f"{FORGED},{CALLER} , {OUTER}"], [FORGED, CALLER, OUTER]),
        ([FORGED, CALLER], [FORGED, CALLER]),  # a proxy may write a line of its own
    ],
)
def test_x_forwarded_for_is_a_list(values: list[str], told: list[str]) -> None:
    assert forwarding.read("x-forwarded-for", values) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([f"for={CALLER}"], [CALLER]),
        ([f"For={FORGED};proto=http, by=_hub; for={CALLER}"], [FORGED, CALLER]),
        (['for="[2001:db8::7]:4711";host="a, for=1.2.3.4"'], ["[2001:db8::7]:4711"]),
        ([f"for={FORGED}", f"for={CALLER}"], [FORGED, CALLER]),
        (["proto=https"], [""]),
        # What a caller leaves open must not hide what the proxy writes behind it.
        ([f'for={FORGED};x="', 'for="[2001:db8::7]"'], []),
        ([f'for={FORGED};x="', f"for={CALLER}"], []),
        ([f'for={FORGED};x="\\', 'for="[2001:db8::7]"'], []),
        ([f"for={FORGED} for={CALLER}"], []),
        ([f"for={CALLER}:80"], []),
        ([""], []),
        ([], []),
    ],
)
def test_forwarded_is_taken_whole_or_not_at_all(values: list[str], told: list[str]) -> None:
    assert forwarding.read("forwarded", values) == told


def test_nothing_is_read_where_no_header_is_named() -> None:
    assert forwarding.read("none", [CALLER]) == []
