r"""Numbers as people write them: with units, thousands separators, a decimal comma, brackets for a minus.

How a column is written is decided once, over all of its cells, and kept as a number written that way, such as
``1,234.5 $``: new data are read alike, whatever they hold.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lamina.data.units import CURRENCY, CURRENCY_WORDS, is_known, unit_key
from lamina.data.words import NUMERIC_SHARE, UNKNOWN_WORDS, looks_numeric

if TYPE_CHECKING:
    import polars as pl

MOST_UNKNOWN = 0.5  # so many of the cells may be words for "missing"
_FEWEST_DIGITS_OF_CODES = 7  # telephone numbers have more than most quantities
_CODES = 10  # so many cells are needed to take equal lengths for a code
_EXAMPLES = 1000  # so many cells are looked at for the longest one
_SPACES, _MINUSES, _APOSTROPHES = (
    "[\u00a0\u2007\u2009\u202f]",
    "[\u2010-\u2013\u2212\ufe63\uff0d]",
    "[\u2019\u02bc]",
)
_BODY = r"\d+(?:[.,' ]\d+)*\.?|[.,]\d+"
_PREFIX = rf"[A-Z]{{0,3}}{CURRENCY}|(?i:{CURRENCY_WORDS})\.?"
_SUFFIX = r"(?:[^\W\d_]|[%‰°/\"\u2032\u2033²³]|" + CURRENCY + r"){1,15}\.?"
_LETTER = r"[^\W\d_eE]|[^\W\d_][eE]"  # 1e3 has no power of e
_POWER = rf"(?:{_LETTER})[23]\)?$"
_NUMBER = rf"^(\(?)([+-]?) ?({_PREFIX})? ?(\(?)([+-]?) ?({_BODY})([eE][+-]?\d+)?( ?)({_SUFFIX})?(\)?)$"
_PLAIN = r"^(?:\d+\.?\d*|\.\d+)$"
_PARTS = ("open", "sign", "prefix", "inner", "second", "body", "exponent", "space", "suffix", "close")
_COMPILED = re.compile(_NUMBER)
_BY_EXAMPLE = re.compile(r"1([,. ']?)234([.,])5(?: (\S{1,24}))?")
_ADDRESS = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$"
# What tells a decimal separator from one of thousands: another number of digits behind it, or the order.
_DECIMAL = (
    r"^(?:\d*{0}(?:\d{{1,2}}|\d{{4,}})|0{0}0*[1-9]\d*|\d{{4,}}{0}\d+"
    r"|[1-9]\d{{0,2}}(?:[{1} ']\d{{3}})+{0}\d+)$"
)
_GROUPED = r"^[1-9]\d{{0,2}}(?:{0}\d{{3}})+(?:[.,]\d*)?$"
_REPEATED = r"^[1-9]\d{{0,2}}(?:{0}\d{{3}}){{2,}}(?:[.,]\d*)?$"


@dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written.

    Args:
        thousands: what stands between groups of three digits, or empty.
        decimal: a point or a comma.
        unit: that stands before or behind the numbers, or empty.

    Example:
        >>> str(NumberForm(".", ",", "€")), NumberForm.parse("1,234.5").thousands, NumberForm.parse("%Y")
        ('1.234,5 €', ',', None)
    """

    thousands: str = ""
    decimal: str = "."
    unit: str = ""

    def __str__(self) -> str:
        """Return a number written that way."""
        return f"1{self.thousands}234{self.decimal}5" + (f" {self.unit}" if self.unit else "")

    @staticmethod
    def parse(form: str | None) -> NumberForm | None:
        """Return the form in a text, or None where it is no form of numbers."""
        found = _BY_EXAMPLE.fullmatch(form or "")
        if found is None or found[1] == found[2]:
            return None
        return NumberForm(found[1], found[2], found[3] or "")

    @property
    def words(self) -> str:
        """The form in words, empty for plain numbers."""
        parts = [f"unit {self.unit}"] if self.unit else []
        parts += [f"thousands '{self.thousands}'"] if self.thousands else []
        parts += [f"decimal '{self.decimal}'"] if self.decimal != "." else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Reading:
    """How a column of texts is read as numbers, or why it is not.

    Args:
        form: how they are written; None where several units stand in the column.
        units: how many cells have which unit, most frequent first; without one under an empty name.
        ambiguous: the separator that may be meant otherwise, or empty.
    """

    form: NumberForm | None
    units: Mapping[str, int] = field(default_factory=dict)
    ambiguous: str = ""

    @property
    def counts(self) -> str:
        """The units with their numbers of cells, in words."""
        named = {name or "no unit": count for name, count in self.units.items()}
        return ", ".join(f"{name} in {count:,}" for name, count in named.items())


def is_number(word: str) -> bool:
    """Return whether one text may be a number, with whatever around it.

    Example:
        >>> [is_number(word) for word in ("$1,234.50", "(12.50)", "3.1 kg", "10-20", "12:30", "AB-12")]
        [True, True, True, False, False, False]
    """
    return looks_numeric(word) or _COMPILED.match(_plain(word)) is not None


def _plain(word: str) -> str:
    for pattern, plain in ((_SPACES, " "), (_MINUSES, "-"), (_APOSTROPHES, "'")):
        word = re.sub(pattern, plain, word)
    return word.strip()


def find_numbers(texts: pl.Series) -> Reading | None:
    """Return how a column of texts is read as numbers, where they are more than plain ones.

    The separators are decided over the whole column: what is followed by other than three digits, or stands
    last where both occur, is the decimal separator. Where nothing tells, a comma separates thousands and a
    point decimals. Two known units in one column are not converted. Cost: cells of one shape, such as
    ``$1,111.11``, are judged together, so O(cells) with a small factor.

    Args:
        texts: the cells, null where there is none.

    Returns:
        None where nearly all cells are plain numbers, or too few are numbers at all.
    """
    import polars as pl

    texts = texts.drop_nulls()
    known = texts.filter(~unknown_words(texts))
    if len(known) < (1 - MOST_UNKNOWN) * len(texts) or not len(known):
        return None
    plain = len(known) - known.cast(pl.Float64, strict=False).null_count()
    if plain == len(known):  # nothing to decide, but for words that hide what the numbers are
        return Reading(NumberForm()) if plain < NUMERIC_SHARE * len(texts) else None
    parts = _parts(_shapes(_normal(known))).drop_nulls("body")
    if int(parts["count"].sum()) < NUMERIC_SHARE * len(known) or _are_addresses(known, parts):
        return None
    return _decided(parts, plain, len(known))


def _decided(parts: pl.DataFrame, plain: int, cells: int) -> Reading | None:
    """Return unit and separators of cells that may be numbers, if nearly all can be read that way."""
    units = _units(parts)
    named = [name for name in units if name]
    if len([name for name in named if is_known(name)]) > 1:
        return Reading(None, units)
    unit = named[0] if named else ""
    if unit and not is_known(unit) and not _stand_apart(parts, unit):
        return None
    form, ambiguous = _separators(parts, unit)
    read = parts.filter(_fits(parts, form))
    count = int(read["count"].sum())
    if count < NUMERIC_SHARE * cells or count <= plain or _are_codes(read, form):
        return None
    return Reading(form, units, ambiguous)


def read_numbers(texts: pl.Series, form: NumberForm) -> pl.Series:
    """Return texts as float64, null where one is no number in that form, and no plain number.

    Args:
        texts: the cells.
        form: how they are written.

    Example:
        >>> import polars as pl
        >>> read_numbers(pl.Series(["1.234,50 €", "(2)", "7.5", "5 $"]), NumberForm(".", ",", "€")).to_list()
        [1234.5, -2.0, 7.5, None]
        >>> read_numbers(pl.Series(["9,90 €", "1.234 €", "1.234"]), NumberForm("", ",", "€")).to_list()
        [9.9, 1234.0, 1.234]
    """
    normal = _normal(texts)
    if form.decimal == "," and form.unit and not form.thousands:
        # New data may have larger numbers than training: 1.234 € where that had 9,90 €. A cell without
        # the unit may be a plain number.
        marked = normal.str.contains(form.unit, literal=True).fill_null(False)
        larger = _read(normal, NumberForm(".", ",", form.unit))
        return larger.zip_with(marked, _read(normal, form))
    return _read(normal, form)


def _read(normal: pl.Series, form: NumberForm) -> pl.Series:
    """Return texts of usual blanks, minus signs and apostrophes as float64."""
    import polars as pl

    usual = normal.str.contains(_usual(form)).fill_null(False)
    bare = normal.str.replace(form.unit, "", literal=True) if form.unit else normal
    read = _as_floats(bare.str.replace_all(" ", "", literal=True).set(~usual, None), form)
    if usual.all():
        return read
    rest = (~usual & normal.is_not_null()).arg_true()
    return read.scatter(rest, _read_others(normal.gather(rest), form)).cast(pl.Float64)


def _usual(form: NumberForm) -> str:
    """Return the pattern of most cells of a form: no brackets, no plus, the very unit."""
    thousands, decimal, unit = map(re.escape, (form.thousands, form.decimal, form.unit))
    groups = rf"|[1-9]\d{{0,2}}(?:{thousands}\d{{3}})+" if thousands else ""
    body = rf"(?:\d+{groups})(?:{decimal}\d+)?"
    return rf"^-?{body}$" if not unit else rf"^(?:(?:-?{unit} ?|{unit}-|-?){body}|-?{body} ?{unit})$"


def _read_others(texts: pl.Series, form: NumberForm) -> pl.Series:
    """Return texts as float64 by the shapes of their cells."""
    import polars as pl

    parts = _parts(_shapes(texts))
    fits = _fits(parts, form).fill_null(False)
    shape, read = _shape(texts), texts.str.strip_chars("() +-")
    for side, strip in (("prefix", read.str.strip_prefix), ("suffix", None)):
        for mark in sorted(set(parts[side].to_list()), key=len, reverse=True):
            if mark:
                read = read.str.strip_prefix(mark) if strip else read.str.strip_suffix(mark)
        read = read.str.strip_chars("() +-")
    known = shape.is_in(parts["shape"].filter(fits).implode())
    negative = shape.is_in(parts["shape"].filter(fits & parts["negative"]).implode())
    plain = texts.cast(pl.Float64, strict=False)
    found = pl.DataFrame(
        {"read": _as_floats(read, form), "known": known, "negative": negative, "plain": plain}
    )
    signed = pl.when(pl.col("negative")).then(-pl.col("read")).otherwise("read")
    return found.select(pl.when("known").then(signed).otherwise("plain"))["read"]


def _as_floats(bodies: pl.Series, form: NumberForm) -> pl.Series:
    """Return digits with separators as float64: as the form says where they fit it, else plain."""
    import polars as pl

    clean = bodies
    if form.decimal == ".":
        clean = clean.str.replace_all(form.thousands, "", literal=True) if form.thousands else clean
        return clean.cast(pl.Float64, strict=False)
    by_form = bodies.str.contains(_body_pattern(form))
    clean = clean.str.replace_all(form.thousands, "", literal=True) if form.thousands else clean
    clean = clean.str.replace(form.decimal, ".", literal=True)
    return clean.zip_with(by_form.fill_null(False), bodies).cast(pl.Float64, strict=False)


def _body_pattern(form: NumberForm) -> str:
    """Return the pattern of digits with separators, an exponent allowed."""
    thousands, decimal = re.escape(form.thousands), re.escape(form.decimal)
    tail = rf"(?:{thousands}\d{{3}})+(?:{decimal}\d*)?"
    grouped = rf"|[1-9]\d{{0,2}}{tail}|0(?:{thousands}000)+" if thousands else ""
    return rf"^-?(?:\d*{decimal}\d+|\d+{decimal}?{grouped})(?:[eE][+-]?\d+)?$"


def _fits(parts: pl.DataFrame, form: NumberForm) -> pl.Series:
    """Return which shapes are numbers in a form, or plain ones, with its unit or none."""
    import polars as pl

    own = {"", unit_key(form.unit)}
    names = (parts["prefix"] + parts["suffix"]).to_list()
    fits = parts["body"].str.contains(_body_pattern(form)) | parts["body"].str.contains(_PLAIN)
    return fits & pl.Series([unit_key(name) in own for name in names], dtype=pl.Boolean)


def unknown_words(texts: pl.Series) -> pl.Series:
    """Return which cells hold a word for "missing", such as ``unknown`` or ``TBD``."""
    return texts.str.strip_chars().str.to_lowercase().is_in(UNKNOWN_WORDS).fill_null(False)


def example(texts: pl.Series, form: NumberForm) -> tuple[str, float] | None:
    """Return the longest of the first cells that are no plain numbers, and its value.

    Args:
        texts: the cells.
        form: how they are written.
    """
    import polars as pl

    texts = texts.filter(texts.cast(pl.Float64, strict=False).is_null() & texts.is_not_null())
    texts = texts.head(_EXAMPLES)
    numbers = read_numbers(texts, form)
    found = [(t, n) for t, n in zip(texts.to_list(), numbers.to_list(), strict=True) if n is not None]
    return max(found, key=lambda pair: len(pair[0]), default=None)


def _normal(texts: pl.Series) -> pl.Series:
    """Return texts without blanks around them, with plain spaces, signs and apostrophes."""
    if (texts.str.len_bytes() != texts.str.len_chars()).any():  # the others are plain already
        texts = texts.str.replace_all(_SPACES, " ").str.replace_all(_MINUSES, "-")
        texts = texts.str.replace_all(_APOSTROPHES, "'")
    if texts.str.contains(_POWER).any():  # the 2 of m2 is no digit of a number
        for digit, power in (("2", "²"), ("3", "³")):
            texts = texts.str.replace(rf"({_LETTER}){digit}(\)?)$", "${1}" + power + "${2}")
    return texts.str.strip_chars()


def _shape(texts: pl.Series) -> pl.Series:
    """Return texts in which every digit but 0 is a 1: few different ones, by which numbers are judged."""
    return texts.str.replace_many([*"23456789"], ["1"] * 8)


def _shapes(texts: pl.Series) -> pl.DataFrame:
    """Return the different shapes of texts, and how many cells have each."""
    import polars as pl

    shapes = pl.DataFrame({"shape": _shape(texts.drop_nulls())})
    return shapes.group_by("shape", maintain_order=True).len("count")


def _parts(shapes: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of every shape; its body is null where it is no number in any form."""
    import polars as pl

    parts = shapes["shape"].str.extract_groups(_NUMBER).struct.unnest()
    parts.columns = list(_PARTS)
    filled = [pl.col(name).fill_null("") for name in ("prefix", "exponent", "suffix")]
    opened, signs = pl.col("open") + pl.col("inner"), pl.col("sign") + pl.col("second")
    closed = (opened == "(") & (pl.col("close") == ")")
    valid = ((opened == "") & (pl.col("close") == "")) | (closed & (signs == ""))
    valid &= signs.str.len_bytes() < 2
    parts = parts.with_columns(*filled, negative=closed | (signs == "-")).with_columns(
        pl.when(valid).then("body")
    )
    return shapes.hstack(parts)


def _are_addresses(texts: pl.Series, parts: pl.DataFrame) -> bool:
    """Return whether texts are network addresses of four groups, of which some look like grouped digits."""
    if not parts["body"].str.contains(r"^\d{1,3}(?:\.\d{3}){3}$").any():
        return False
    return int(texts.str.contains(_ADDRESS).sum()) > (1 - NUMERIC_SHARE) * len(texts)


def _units(parts: pl.DataFrame) -> dict[str, int]:
    """Return how many cells have each unit, most frequent first, alike ones under one name."""
    names = (parts["prefix"] + parts["suffix"]).to_list()
    exact: dict[str, int] = {}
    for name, count in zip(names, parts["count"].to_list(), strict=True):
        exact[name] = exact.get(name, 0) + count
    found: dict[str, tuple[str, int]] = {}
    for name, count in sorted(exact.items(), key=lambda pair: (-pair[1], pair[0])):
        key = unit_key(name)
        found[key] = (found[key][0], found[key][1] + count) if key in found else (name, count)
    return dict(sorted(found.values(), key=lambda pair: -pair[1]))


def _stand_apart(parts: pl.DataFrame, unit: str) -> bool:
    """Return whether a word that is no known unit stands apart from the numbers, as in ``3 rooms``."""
    apart = parts.filter(parts["suffix"] != "")["space"] == " "
    return bool(apart.all()) and len(unit_key(unit)) > 1 and bool((parts["prefix"] == "").all())


def _separators(parts: pl.DataFrame, unit: str) -> tuple[NumberForm, str]:
    """Return the form that the digits tell, and which separator may be meant otherwise."""
    bodies, counts = parts["body"], parts["count"]

    def count(pattern: str, *separators: str) -> int:
        return int(counts.filter(bodies.str.contains(pattern.format(*map(re.escape, separators)))).sum())

    points, commas = count(_DECIMAL, ".", ","), count(_DECIMAL, ",", ".")
    reversed_ = points == commas == 0 and count(_REPEATED, ".") > 0
    decimal = "," if reversed_ or (commas and commas >= points) else "."
    other = "." if decimal == "," else ","
    groups = {mark: count(_GROUPED, mark) for mark in (other, " ", "'")}
    if decimal == "," and points:  # a point with two digits behind it is no separator of thousands
        groups["."] = 0
    thousands = max(groups, key=lambda mark: groups[mark])
    thousands = thousands if groups[thousands] else ""
    form = NumberForm(thousands, decimal, unit)
    if points or commas:
        return form, ""
    if thousands == "," and not count(_REPEATED, ","):
        return form, ","
    return form, "." if not thousands and count(_GROUPED, ".") else ""


def _are_codes(parts: pl.DataFrame, form: NumberForm) -> bool:
    """Return whether groups of digits are telephone numbers and the like: all of one, great length."""
    if form.unit or form.thousands in ("", ",") or int(parts["count"].sum()) < _CODES:
        return False
    groups = parts["body"].str.contains(rf"^\d+(?:{re.escape(form.thousands)}\d+)+$").all()
    lengths = parts["body"].str.replace_all(form.thousands, "", literal=True).str.len_bytes().unique()
    return bool(groups) and len(lengths) == 1 and int(lengths[0]) >= _FEWEST_DIGITS_OF_CODES


@functools.cache
def unit_of(form: str) -> str:
    """Return the unit in a form, empty where there is none or it is no form of numbers.

    Example:
        >>> unit_of("1,234.5 kg"), unit_of("%Y-%m-%d")
        ('kg', '')
    """
    found = NumberForm.parse(form)
    return found.unit if found else ""
