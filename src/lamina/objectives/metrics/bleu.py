"""BLEU and chrF: how much of a reference is found again in a text that was written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

ORDER = 4  # words of the longest n-gram of BLEU
CHARACTERS = 6  # of the longest n-gram of chrF
BETA = 2.0  # how much more recall counts than precision in chrF
_MARKS = re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])")  # ASCII marks but ' , - .
_AFTER = re.compile(r"([^0-9])([\.,])")  # a point or comma that no digit stands before
_BEFORE = re.compile(r"([\.,])([^0-9])")  # … or behind
_DASH = re.compile(r"([0-9])(-)")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def words_13a(text: str) -> list[str]:
    """Return the words of a text as the campaigns of WMT count them (mteval-v13a).

    Args:
        text: one sentence; capital letters count.

    Example:
        >>> words_13a("It costs 3,50 (or so), he said.")
        ['It', 'costs', '3,50', '(', 'or', 'so', ')', ',', 'he', 'said', '.']
    """
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for written, meant in _ENTITIES:
            text = text.replace(written, meant)
    text = _MARKS.sub(r" \1 ", f" {text} ")
    text = _AFTER.sub(r"\1 \2 ", text)
    text = _BEFORE.sub(r" \1 \2", text)
    return _DASH.sub(r"\1 \2 ", text).split()


def bleu_counts(written: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Return what BLEU counts in each pair of texts, (texts, 10).

    Words of the text and of the reference, then for n from 1 to 4 the n-grams that both have, then the
    n-grams of the text.

    Args:
        written: texts.
        references: one each.
    """
    found = np.zeros((len(written), 2 + 2 * ORDER))
    for row, (text, reference) in enumerate(zip(written, references, strict=True)):
        ours, theirs = words_13a(text), words_13a(reference)
        found[row, :2] = len(ours), len(theirs)
        for n in range(1, ORDER + 1):
            own, other = (_ngrams(words, n) for words in (ours, theirs))
            found[row, 1 + n] = (own & other).total()
            found[row, 1 + ORDER + n] = own.total()
    return found


def bleu_of(counts: np.ndarray) -> np.ndarray:
    """Return BLEU, 0 to 100, of sums of `bleu_counts`.

    min(1, e^(1 - r/c)) · (Π_n p_n)^(1/4), p_n the share of the text's n-grams that the reference has. A share
    of zero is replaced by 1/2, 1/4, 1/8 … of one n-gram in turn (as sacrebleu does by default).

    Args:
        counts: (..., 10).
    """
    counts = np.asarray(counts, np.float64)
    length, expected = counts[..., 0], counts[..., 1]
    match, total = counts[..., 2 : 2 + ORDER], counts[..., 2 + ORDER :]
    misses = np.cumsum((match == 0) & (total > 0), axis=-1)
    smoothed = np.where(match == 0, 0.5**misses, match)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.log(smoothed / total).mean(axis=-1)
        brevity = np.where(length < expected, 1 - expected / length, 0.0)
        found = 100 * np.exp(shares + brevity)
    has_all = (total > 0).all(axis=-1) & (match[..., 0] > 0)
    return np.where(has_all, found, 0.0)


def bleu(written: Sequence[str], references: Sequence[str], weights: np.ndarray | None = None) -> float:
    """Return BLEU of texts, 0 to 100: with one reference each, words as of 13a, capital letters counted.

    Args:
        written: texts.
        references: one each.
        weights: one a text.

    Example:
        >>> round(bleu(["the cat sat on the mat"], ["the cat sat on a mat"]), 2)
        53.73

    References:
        Papineni et al. BLEU: a method for automatic evaluation of machine translation. ACL 2002. Post. A call
        for clarity in reporting BLEU scores. WMT 2018: what is counted, and how.
    """
    return float(bleu_of(weighted_sum(bleu_counts(written, references), weights)))


def chrf_counts(written: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Return what chrF counts in each pair of texts, (texts, 18).

    For n from 1 to 6 the n-grams of characters of the text, of the reference, and those that both have;
    blanks are left out.

    Args:
        written: texts.
        references: one each.
    """
    found = np.zeros((len(written), 3 * CHARACTERS))
    for row, pair in enumerate(zip(written, references, strict=True)):
        ours, theirs = ("".join(text.split()) for text in pair)
        for n in range(1, CHARACTERS + 1):
            own, other = (_ngrams(characters, n) for characters in (ours, theirs))
            found[row, 3 * n - 3 : 3 * n] = own.total(), other.total(), (own & other).total()
    return found


def chrf_of(counts: np.ndarray) -> np.ndarray:
    """Return chrF, 0 to 100, of sums of `chrf_counts`.

    (1 + β²) · P · R / (β² · P + R), P and R the means over n of precision and recall, β = 2.

    Args:
        counts: (..., 18).
    """
    counts = np.asarray(counts, np.float64)
    ours, theirs, both = counts[..., 0::3], counts[..., 1::3], counts[..., 2::3]
    there = (ours > 0) & (theirs > 0)
    orders = np.maximum(there.sum(axis=-1), 1)
    precision, recall = (
        np.where(there, both / np.maximum(one, 1e-16), 0.0).sum(axis=-1) / orders for one in (ours, theirs)
    )
    below = BETA**2 * precision + recall
    return np.where(below > 0, 100 * (1 + BETA**2) * precision * recall / np.maximum(below, 1e-16), 0.0)


def chrf(written: Sequence[str], references: Sequence[str], weights: np.ndarray | None = None) -> float:
    """Return chrF of texts, 0 to 100: n-grams of characters, so that near misses of words count.

    Args:
        written: texts.
        references: one each.
        weights: one a text.

    Example:
        >>> round(chrf(["the cat sat on the mat"], ["the cat sat on a mat"]), 2)
        72.08

    References:
        Popović. chrF: character n-gram F-score for automatic MT evaluation. WMT 2015.
    """
    return float(chrf_of(weighted_sum(chrf_counts(written, references), weights)))


def weighted_sum(counts: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the sum over texts, each counted as often as its weight says.

    Args:
        counts: (texts, counts).
        weights: one a text; 1 without.
    """
    return counts.sum(axis=0) if weights is None else np.asarray(weights, np.float64) @ counts


def _ngrams(symbols: Sequence[str], n: int) -> Counter[Sequence[str]]:
    """Return how often each run of n symbols stands there."""
    runs = (symbols[at : at + n] for at in range(len(symbols) - n + 1))
    return Counter(run if isinstance(run, str) else tuple(run) for run in runs)
