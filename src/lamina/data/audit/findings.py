"""What an audit found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lamina.core.errors import DataError
from lamina.data.schema import Schema

LEVELS = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Args:
        level: ``error`` (nothing can be learned), ``warning`` (something was decided that may be wrong) or
            ``note`` (worth knowing).
        code: a word for programs, such as ``identifier``.
        message: one sentence without a final stop.
        where: file, line and column.
        fix: what the reader can do about it.
        details: every case, one line each, where the message names the first ones alone.
    """

    level: str
    code: str
    message: str
    where: str = ""
    fix: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the finding as one or two lines."""
        text = (
            f"{self.level}: {self.where}: {self.message}" if self.where else f"{self.level}: {self.message}"
        )
        return f"{text}\n  fix: {self.fix}" if self.fix else text


def error(code: str, where: str, message: str, fix: str = "") -> Finding:
    """Return a finding that makes learning impossible."""
    return Finding("error", code, message, where, fix)


def warning(code: str, where: str, message: str, fix: str = "", *, details: tuple[str, ...] = ()) -> Finding:
    """Return a finding about something that was decided and may be wrong."""
    return Finding("warning", code, message, where, fix, details)


def note(code: str, where: str, message: str, fix: str = "") -> Finding:
    """Return a finding that is worth knowing."""
    return Finding("note", code, message, where, fix)


def of_error(fault: DataError, code: str) -> Finding:
    """Return an error that was raised as a finding."""
    text = fault.message
    if fault.expected is not None:
        text += f"; expected {fault.expected}"
    if fault.received is not None:
        text += f"{',' if fault.expected is not None else ';'} got {fault.received}"
    return error(code, fault.where or "", text, fault.fix or "")


@dataclass(frozen=True)
class Audit:
    """All findings about a table, errors first, and the schema (None where an error prevents one).

    ``source`` says where the table came from, ``rows`` and ``columns`` how large it is.

    Example:
        >>> import lamina
        >>> rows = [[0.5, 1.0], [1.5, float("inf")]] * 20
        >>> audit = lamina.check((rows, [0, 1] * 20))
        >>> print(audit.errors[0])
        error: <arrays>, row 1, column 'x1': infinity in 20 rows
          fix: replace it by a number, or leave the cell empty
    """

    findings: tuple[Finding, ...]
    schema: Schema | None
    source: str = ""
    rows: int = 0
    columns: int = 0

    def at(self, level: str) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What makes learning impossible."""
        return self.at("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What was decided and may be wrong."""
        return self.at("warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is worth knowing."""
        return self.at("note")

    def raise_errors(self) -> None:
        """Raise DataError with the first error, and with the others below it, if there is any."""
        if not self.errors:
            return
        first, *others = self.errors
        fix = [first.fix] if first.fix else []
        fix += [f"{'also' if i == 0 else '    '}: {f.where}: {f.message}" for i, f in enumerate(others)]
        raise DataError(first.message, where=first.where or None, fix="\n  ".join(fix) or None)

    def to_json(self) -> dict[str, Any]:
        """Return the audit as a dict that JSON can hold."""
        return {
            "source": self.source,
            "rows": self.rows,
            "columns": self.columns,
            "ok": not self.errors,
            "findings": [asdict(finding) for finding in self.findings],
            "schema": self.schema.to_json() if self.schema else None,
        }

    def __str__(self) -> str:
        """Return a list for a reader: the table, what is learned from it, and the findings."""
        lines = [f"{self.source}: {self.rows:,} rows, {self.columns} columns"]
        if self.schema:
            targets = ", ".join(f"'{name}'" for name in self.schema.targets)
            kinds = [column.kind for column in self.schema.read]
            counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
            task = self.schema.task + (f", target {targets}" if targets else "")
            lines += [f"task: {task}", f"inputs: {counts or 'none'}"]
        lines += [str(finding) for finding in self.findings] or ["nothing to report"]
        return "\n".join(lines)
