"""Texts in one form, whatever keyboard and program they come from."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"\s+")
_WORDS = re.compile(r"\w+|[^\w\s]")
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]")  # written without blanks
WIDE_WORD = 2  # characters of such a script to a word


def normalized(text: str, *, lowercase: bool) -> str:
    r"""Return a text in Unicode's form NFKC with single blanks.

    NFKC makes one of what looks alike: full-width letters, ligatures, letters with separate accents.

    Args:
        text: any text.
        lowercase: whether capital letters become small ones.

    Example:
        >>> normalized("\uff26ull  \ufb01ne\n caf\u0065\u0301", lowercase=True)
        'full fine café'

    References:
        Unicode Standard Annex 15, Unicode normalization forms.
    """
    text = _BLANKS.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    return text.lower() if lowercase else text


def words_of(text: str) -> list[str]:
    """Return the words of a text; every mark that is neither letter, digit nor blank is a word of its own.

    Example:
        >>> words_of("win £1000 now!")
        ['win', '£', '1000', 'now', '!']
    """
    return _WORDS.findall(text)


def count_words(text: str) -> float:
    """Return how many words a text has; of scripts without blanks two characters count as a word.

    Example:
        >>> count_words("how are you"), count_words("你好世界")
        (3, 2.0)
    """
    wide = len(_WIDE.findall(text))
    return len(_WIDE.sub(" ", text).split()) + wide / WIDE_WORD if wide else len(text.split())
