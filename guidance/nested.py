"""Values inside dicts, lists and tuples, as the arguments of a model hold them: one walk for everybody."""

from collections.abc import Callable, Iterator
from typing import Any


def nobody(_: Any) -> bool:
    return False


def mapped(value: Any, change: Callable[[Any], Any], whole: Callable[[Any], bool] = nobody) -> Any:
    """A copy of a nested value with `change` applied to each leaf; containers keep their kind, named tuples too.

    A leaf is whatever is no dict, list or tuple. whole: which containers count as leaves.
    """
    if whole(value):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(item, change, whole) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [mapped(item, change, whole) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return change(value)


def leaves(value: Any, whole: Callable[[Any], bool] = nobody) -> Iterator[Any]:
    """The leaves of a nested value, in order (see `mapped`)."""
    items = value.values() if isinstance(value, dict) else value
    if whole(value) or not isinstance(value, (dict, list, tuple)):
        yield value
        return
    for item in items:
        yield from leaves(item, whole)
