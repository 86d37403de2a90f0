"""What was given and what may have been meant, for the end of a message. Pure."""

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Final

# Comparing takes a time that grows with both; among more names than this, a suggestion would not help a person either.
_LONGEST_WORD: Final = 100
_MOST_NAMES: Final = 1000


def closest(word: str, names: Collection[str]) -> str:
    """The one of *names* that *word* is most similar to; "" if it is similar to none, or if there are too many."""
    close = get_close_matches(word[:_LONGEST_WORD], names, n=1) if len(names) <= _MOST_NAMES else []
    return close[0] if close else ""


def there_are(names: Collection[str], *, show: Callable[[str], str] = str, most: int | None = None) -> str:
    """``there are a, b``; of more than *most*, the first and ``…``; ``there are none``.

    Args:
        show: Gives the form of a name in the message, such as ``repr`` for names that may hold spaces.
    """
    listed = [show(name) for name in list(names)[:most]]
    if most is not None and len(names) > most:
        listed.append("…")
    return f"there are {', '.join(listed) or 'none'}"


def did_you_mean(
    word: str, names: Collection[str], *, show: Callable[[str], str] = str, most: int | None = None
) -> str:
    """``did you mean 'a'?``, or else what ``there_are``."""
    close = closest(word, names)
    return f"did you mean {close!r}?" if close else there_are(names, show=show, most=most)


def shown(value: object) -> str:
    """*value* in a message, in the words of whoever writes YAML: ``'a text'``, ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a map"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return repr(text[:40])
