"""Frozen dataclasses that cost nothing to make, for what is made anew with every message.

Python guards a frozen instance at run time, and pays for it with every field of every new one: a sixth of all
instructions per message. mypy, which checks all of this code strictly, finds every assignment without running any.
So these classes are frozen to mypy, equal and hashed by their fields as frozen ones are, and open at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(*, frozen=False, slots=False, eq=True):
        """`dataclasses.dataclass` without the guard."""
        return dataclasses.dataclass(slots=slots, eq=eq, unsafe_hash=frozen and eq)
