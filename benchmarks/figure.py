"""One figure of the newest trusted ratios: ``python -m benchmarks.figure`` writes an SVG and a PNG.

A dot is a peer's median ÷ Lamina's, the line the quartiles of the rounds; of each peer its
fastest variant. Gray is the band below 1.15 that counts as a tie.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from benchmarks import record

TITLES = {
    "small_mlp_epoch": "one epoch of a small MLP",
    "small_mlp_epoch_bf16": "the same, bfloat16",
    "sweep_256": "256 models in a sweep",
    "cnn_step": "one step of a convolutional network",
    "cnn_step_bf16": "convolutional network, bfloat16",
    "vit_step": "one step of a vision transformer",
    "vit_step_bf16": "vision transformer, bfloat16",
    "cold_start": "cold process to trained network",
}
TIE = 1.15
INK, DOT, BAND = "#222222", "#1f5fa8", "#e8e8e8"


def newest(path: Path, *, untrusted: bool = False) -> list[dict[str, str]]:
    """Return the peers' lines of the last contest in a file, the fastest variant of each peer."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if untrusted or row["trusted"] == "True"]
    last = [row for row in rows if row["date"] == max(row["date"] for row in rows)]
    best: dict[str, dict[str, str]] = {}
    for row in last:
        known = best.get(row["contender"])
        if row["ratio"] and (known is None or float(row["ratio"]) < float(known["ratio"])):
            best[row["contender"]] = row
    best.pop("lamina", None)
    return sorted(best.values(), key=lambda row: float(row["ratio"]))


def draw(groups: dict[str, list[dict[str, str]]], paths: list[Path]) -> None:
    """Draw the groups, one line a peer, and write the figure in each format."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "lamina"  # the same numbers give the same file
    import matplotlib.pyplot as plt

    places, labels, place = [], [], 0.0
    figure, axes = plt.subplots(figsize=(8, 0.8 + 0.42 * sum(len(lines) + 1.3 for lines in groups.values())))
    axes.axvspan(1 / TIE, TIE, color=BAND, zorder=0)
    axes.axvline(1, color=INK, linewidth=0.8)
    for title, lines in groups.items():
        axes.annotate(
            title, (-0.01, place), xycoords=("axes fraction", "data"), weight="bold", ha="right", va="center"
        )
        place += 1
        for line in lines:
            value, low, high = (float(line[name]) for name in ("ratio", "ratio_low", "ratio_high"))
            axes.plot([low, high], [place, place], color=DOT, linewidth=2, solid_capstyle="round")
            axes.plot([value], [place], "o", color=DOT)
            axes.annotate(
                f"{value:.2g} ×", (max(value, high), place), (8, 0), textcoords="offset points", va="center"
            )
            places.append(place)
            labels.append(f"{line['contender']} ({line['variant']})")
            place += 1
        place += 0.3
    _finish(axes, places, labels)
    for path in paths:
        figure.savefig(
            path, bbox_inches="tight", dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None
        )
    plt.close(figure)


def _finish(axes: object, places: list[float], labels: list[str]) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.8), high * 1.6)
    axes.set_yticks(places, labels)
    axes.set_ylim(max(places) + 0.6, -0.6)
    ticks = [
        tick
        for tick in (0.3, 0.5, 0.7, 1, 2, 3, 5, 10, 20, 30, 50, 100)
        if min(low, 0.8) <= tick <= high * 1.6
    ]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("times as long as Lamina (logarithmic; gray: a tie)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=record.RESULTS)
    parser.add_argument(
        "--untrusted", action="store_true", help="also lines from busy machines and quick runs"
    )
    arguments = parser.parse_args()
    groups = {}
    for name, title in TITLES.items():
        path = arguments.results / f"{name}.csv"
        lines = newest(path, untrusted=arguments.untrusted) if path.exists() else []
        if lines:
            groups[title] = lines
    if not groups:
        raise SystemExit(f"no trusted results in {arguments.results}")
    paths = [arguments.results / f"ratios{suffix}" for suffix in (".svg", ".png")]
    draw(groups, paths)
    print(*paths, sep="\n")


if __name__ == "__main__":
    main()
