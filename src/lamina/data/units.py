"""Units that stand beside numbers in the cells of a table."""

from __future__ import annotations

CURRENCY = "[$€£¥₹₩₽₺₴₦₱฿₫₪¢]"
CURRENCY_WORDS = "USD|EUR|GBP|JPY|CHF|CNY|RMB|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|Rs|kr"
_SAME = {
    "usd": "$", "us$": "$", "dollar": "$", "eur": "€", "euro": "€", "gbp": "£", "jpy": "¥", "inr": "₹",
    "rs": "₹", "percent": "%", "pct": "%", "µm": "μm", "µg": "μg", "µs": "μs", '"': "in", "″": "in",
    "inch": "in", "inches": "in", "sqft": "ft²", "ft2": "ft²", "m2": "m²", "km2": "km²", "cm2": "cm²",
    "m3": "m³", "cm3": "cm³", "hr": "h", "hour": "h", "minute": "min", "sec": "s", "second": "s",
    "kilogram": "kg", "gram": "g", "meter": "m", "metre": "m", "liter": "l", "litre": "l", "pound": "lb",
    "mile": "mi", "kph": "km/h", "°c": "°C", "°f": "°F", "mn": "M", "mio": "M", "million": "M",
    "billion": "bn", "mrd": "bn", "thousand": "k", "K": "k", "L": "l",
}  # fmt: skip
_KNOWN = frozenset(
    "$ € £ ¥ ₹ ₩ ₽ ₺ ₴ ₦ ₱ ฿ ₫ ₪ ¢ chf cny rmb aud cad nzd sek nok dkk pln czk huf brl mxn zar kr zł kč "
    "% ‰ bp ppm ppb k M bn "
    "mm cm m km in ft yd mi nm μm mm² cm² m² km² ha ft² acre mm³ cm³ m³ ml cl dl l gal oz fl.oz "
    "mg g kg t lb μg cal kcal j kj mj w kw mw kwh mwh wh v mv a ma ah mah ω hz khz mhz ghz "
    "ms μs ns s min h day week month year yr "
    "°C °F ° pa kpa hpa mpa bar mbar psi atm n nm kn mph km/h m/s kt mpg rpm hp ps cc "
    "kb mb gb tb kib mib gib tib bit byte bps kbps mbps gbps px dpi db mol mmol mmhg bpm fps".split()
)
_ONE_LETTER = frozenset("kMmgtljwvashn")  # capitals of these are seats, house numbers and grades


def unit_key(name: str) -> str:
    """Return what alike spellings of a unit have in common: case, plural and usual synonyms aside.

    Args:
        name: as it stands beside a number.

    Example:
        >>> [unit_key(name) for name in ("KG", "years", "USD", "mi", "M", "m")]
        ['kg', 'year', '$', 'mi', 'M', 'm']
    """
    name = name.rstrip(".")
    if len(name) <= 1 or name in _SAME:
        return _SAME.get(name, name)
    name = name.casefold()
    if len(name) > 2 and name.endswith("s") and name not in _KNOWN:
        name = name[:-1]
    return _SAME.get(name, name)


def is_known(name: str) -> bool:
    """Return whether a name is a usual unit, which may touch its number; of money with k, M or bn behind too.

    Args:
        name: as it stands beside a number.

    Example:
        >>> is_known("kg"), is_known("$"), is_known("$M"), is_known("A"), is_known("rooms")
        (True, True, True, False, False)
    """
    key = unit_key(name)
    if len(key) == 1 and key.isascii() and key.isalpha():
        return key in _ONE_LETTER
    if key in _KNOWN:
        return True
    return len(name) > 1 and name[0] in CURRENCY and unit_key(name[1:]) in ("k", "M", "bn", "B", "/h")
