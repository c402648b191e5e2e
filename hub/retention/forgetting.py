"""What has been destroyed leaves memory, too: in the process that destroyed it, and in every other one."""

from __future__ import annotations

from hub.service import Hub


def watch(hub: Hub) -> None:
    """From now on, when a data key is destroyed anywhere, what was unwrapped or read with any is dropped here: it is
    soon opened again."""

    def forget() -> None:
        hub.vault.forget_all()
        hub.book.forget()

    hub.group.on_commit(lambda committed: forget() if committed.ledger.changes.shreds else None)
    hub.store.listen_for_erasures(forget)
