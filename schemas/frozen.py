"""Frozen dataclasses that cost nothing to make, for what is made anew with every message.

Python guards a frozen instance at run time, and pays for it with every field of every new one: a sixth of all
instructions per message. mypy, which checks all of this code strictly, finds every assignment without running any.
So these classes are frozen to mypy, equal and hashed by their fields as frozen ones are, and open at run time. The
standard `replace` asks each field whether it may be replaced; mypy has answered that, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:
    import dataclasses

    def dataclass(*, frozen=False, slots=False, eq=True):
        """`dataclasses.dataclass` without the guard."""
        return dataclasses.dataclass(slots=slots, eq=eq, unsafe_hash=frozen and eq)

    def replace(instance, /, **changes):
        """`dataclasses.replace` without its questions, for classes whose fields may all be given by position."""
        kind = type(instance)
        return kind(**{name: getattr(instance, name) for name in kind.__match_args__} | changes)
