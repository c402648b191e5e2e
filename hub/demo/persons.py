"""Persons who do not exist. Their numbers are from Skatteverket's public series of test numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ASTA: Final[Mapping[str, str]] = {
    "personal_number": "199001012385",
    "given_name": "Asta",
    "family_name": "Provberg",
}
JONNA: Final[Mapping[str, str]] = {
    "personal_number": "198705212382",
    "given_name": "Jonna",
    "family_name": "Fiktivberg",
}
BO: Final[Mapping[str, str]] = {
    "personal_number": "199006022397",
    "given_name": "Bo",
    "family_name": "Testlund",
}
CAI: Final[Mapping[str, str]] = {
    "personal_number": "199007212393",
    "given_name": "Cai",
    "family_name": "Exempelsson",
}
