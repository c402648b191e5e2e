"""Invented persons. Their numbers are from Skatteverket's public test series, which nobody has been given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    number: str
    given_name: str
    family_name: str

    @property
    def born_on(self) -> date:
        return date(int(self.number[:4]), int(self.number[4:6]), int(self.number[6:8]))

    def as_data(self) -> dict[str, str]:
        """The `person` part of a message."""
        return {
            "personal_number": self.number,
            "given_name": self.given_name,
            "family_name": self.family_name,
        }


ASTA = Person("199001012385", "Asta", "Provberg")
BO = Person("199006022397", "Bo", "Testlund")
CAI = Person("199007212393", "Cai", "Exempelsson")
DOA = Person("199107172380", "Doa", "Provdotter")
ELI = Person("199312162390", "Eli", "Testgren")
FINN = Person("199504242398", "Finn", "Fiktivsson")
GIL = Person("200001022391", "Gil", "Provström")
HEDDA = Person("200304302383", "Hedda", "Testvik")
INES = Person("200510162381", "Ines", "Exempel")
JONNA = Person("198705212382", "Jonna", "Fiktivberg")
KIM = Person("198808112380", "Kim", "Provskog")
LEO = Person("201701012393", "Leo", "Testlund")

ADULTS = (ASTA, BO, CAI, DOA, ELI, FINN, GIL, HEDDA, INES, JONNA, KIM)
CHILD = LEO
EVERYBODY = (*ADULTS, CHILD)
