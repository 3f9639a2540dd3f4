"""Closes the entry of a change after it was sent."""

from mlalias.core.plan import Caution, Receipt
from mlalias.errors import Failure
from mlalias.stores.cluster.history.faults import LEASE_LOST
from mlalias.stores.cluster.history.lease import Lease


def closed(lease: Lease, receipt: Receipt) -> Receipt:
    """Close the entry of a change, and set the revision of the receipt.

    If the history cannot be written, this is only a warning, as the change was made.
    """
    warnings = (*receipt.warnings, *_close(lease, receipt))
    return receipt._replace(revision=lease.stored.revision, warnings=warnings)


def _close(lease: Lease, receipt: Receipt) -> list[Caution]:
    failure = receipt.errors[0] if receipt.errors else None
    if failure is not None and (failure.rule == LEASE_LOST or not failure.certain):
        return []  # another writer has closed it, or the next one closes it with the changes that it sees
    state = "done" if failure is None else "stopped" if receipt.moves else "void"
    try:
        lease.close(state, receipt.moves)
    except Failure as error:
        if error.rule == LEASE_LOST:
            return [Caution(f"the change was sent, but {error.reason}", rule=LEASE_LOST)]
        text = f"revision {lease.stored.number} of the history stays open until the next change: {error.reason}"
        return [Caution(text, rule="history_open")]
    return []
