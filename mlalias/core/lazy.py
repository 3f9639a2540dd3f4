"""A mapping that looks up each value only when it is accessed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

V = TypeVar("V")


class Lazy(Mapping[str, V]):
    """A mapping backed by functions: `find` returns the value of a key or None, and `names` returns all keys.

    `has` says whether a key exists, for stores where that is cheaper than `find`. Nothing is cached, and exceptions of
    the functions are not caught.
    """

    def __init__(
        self,
        find: Callable[[str], V | None],
        names: Callable[[], Iterable[str]],
        has: Callable[[str], bool] | None = None,
    ) -> None:
        self._find = find
        self._names = names
        self._has = has

    def __getitem__(self, key: str) -> V:
        value = self._find(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        return self._has(key) if self._has else self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return sum(1 for _ in self._names())
