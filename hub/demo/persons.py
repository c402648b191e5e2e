"""Two persons who do not exist. Their numbers are from Skatteverket's public series of test numbers."""

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
