"""Keys remembered by the process, for calls that prove a key alive in the read of their facts."""

from collections import OrderedDict

from creditrisk.application.keys import KeyFinder, Principal


class RememberedKeys:
    """Finds each key once; it may have been revoked since, which the check's own read says."""

    def __init__(self, finder: KeyFinder, *, most: int = 10_000) -> None:
        self._finder = finder
        self._most = most
        self._known: OrderedDict[bytes, Principal] = OrderedDict()

    async def find(self, key_hash: bytes) -> Principal | None:
        """Return the principal of the key with this hash; None if it was never good."""
        principal = self._known.get(key_hash)
        if principal is None:
            principal = await self._finder.find(key_hash)
            if principal is None:
                return None
            self._known[key_hash] = principal
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        self._known.move_to_end(key_hash)
        return principal
