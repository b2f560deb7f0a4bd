"""Metrics in words and in sensible digits, for whoever shows them to a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import SupportsFloat


@dataclass(frozen=True)
class MetricWords:
    """What a metric is called, what it says, and which way is better.

    Args:
        title: its name in a table.
        meaning: what the number says, without a final stop.
        higher_is_better: True if a larger number is a better one.
    """

    title: str
    meaning: str
    higher_is_better: bool = False


METRIC_WORDS = {
    "accuracy": MetricWords("Accuracy", "share of the rows answered right", True),
    "balanced_accuracy": MetricWords(
        "Balanced accuracy", "accuracy where every class counts alike, however rare", True
    ),
    "f1": MetricWords("F1", "precision and recall in one number, 1 is perfect", True),
    "auc": MetricWords("AUC", "how well rows of a class rank above the others; 0.5 is guessing", True),
    "average_precision": MetricWords(
        "Average precision",
        "share of true ones among the top of the ranking; guessing gives their share",
        True,
    ),
    "score": MetricWords("Mean score", "how unlike what was learned the rows are: compare with other data"),
    "log_loss": MetricWords("Log loss", "surprise at the true answer in nats, 0 is perfect"),
    "ece": MetricWords("Calibration error", "average gap between stated confidence and accuracy (ECE)"),
    "rmse": MetricWords("RMSE", "typical error, large ones weighing more"),
    "mae": MetricWords("MAE", "average size of the error"),
    "mse": MetricWords("MSE", "average squared error"),
    "coverage": MetricWords("Coverage", "share of the values between the outer levels", True),
    "r2": MetricWords("R²", "share of the variation explained; 0 is no better than the mean", True),
    "iou": MetricWords("IoU", "shared area over joint area (intersection over union)", True),
    "dice": MetricWords("Dice", "shared area over mean area, 1 is perfect", True),
    "pixel_accuracy": MetricWords("Pixel accuracy", "share of the pixels answered right", True),
    "ap50": MetricWords("AP 50", "instances matched at an overlap of 0.5: TP / (TP + FP + FN)", True),
    "ap75": MetricWords("AP 75", "instances matched at an overlap of 0.75: TP / (TP + FP + FN)", True),
    "entity_f1": MetricWords("Entity F1", "precision and recall of entities in one number", True),
    "entity_precision": MetricWords("Entity precision", "share of the found entities that are right", True),
    "entity_recall": MetricWords("Entity recall", "share of the true entities that are found", True),
    "token_accuracy": MetricWords("Token accuracy", "share of the words with the right tag", True),
    "sentence_accuracy": MetricWords("Sentence accuracy", "share of the texts with every tag right", True),
    "psnr": MetricWords("PSNR", "decibels of peak signal over error: 1 dB more is a fifth less error", True),
    "ssim": MetricWords("SSIM", "likeness of local structure, 1 is the same image", True),
    "psnr_before": MetricWords("PSNR before", "the same of what the network starts from", True),
    "ssim_before": MetricWords("SSIM before", "the same of what the network starts from", True),
    "loss": MetricWords("Loss", "what training makes small"),
    "bleu": MetricWords("BLEU", "runs of one to four words shared with the reference; 100 is the same", True),
    "chrf": MetricWords("chrF", "runs of characters shared with the reference; 100 is the same", True),
    "perplexity": MetricWords("Perplexity", "how many tokens the network hesitates between"),
    "bits_per_byte": MetricWords("Bits per byte", "bits needed to store a byte of the text"),
    "mrr": MetricWords("MRR", "mean of 1 over the rank of the right answer; 1 is always first", True),
    "hits_1": MetricWords("Hits at 1", "share of questions whose right answer ranks first", True),
    "hits_3": MetricWords(
        "Hits at 3", "share of questions whose right answer is among the first three", True
    ),
    "hits_10": MetricWords(
        "Hits at 10", "share of questions whose right answer is among the first ten", True
    ),
    "mean_rank": MetricWords("Mean rank", "mean rank of the right answer, 1 is the best"),
}


def metric_words(name: str) -> MetricWords:
    """Return the words for a metric; one that is not known keeps its name.

    Args:
        name: the metric's name, with or without the split before it ("valid_loss").

    Example:
        >>> metric_words("auc").title
        'AUC'
        >>> metric_words("my_score").title
        'my score'
    """
    bare = name.removeprefix("valid_").removeprefix("test_").removeprefix("train_")
    return METRIC_WORDS.get(bare, MetricWords(name.replace("_", " "), ""))


def metric_number(value: SupportsFloat, interval: tuple[float, float] | None = None) -> str:
    """Return a number with as many digits as its interval allows, four significant ones without.

    Args:
        value: the number; NaN is written as a dash.
        interval: lower and upper end of its confidence interval, or None.

    Example:
        >>> metric_number(0.853412, (0.846, 0.860)), metric_number(49823.1, (48900.0, 50700.0))
        ('0.853', '49,800')
        >>> metric_number(0.853412), metric_number(float("nan"))
        ('0.8534', '–')
    """
    value = float(value)
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value and not 1e-5 <= abs(value) < 1e9:
        return f"{value:.3g}".replace("-", "−")
    decimals = interval_decimals(interval)
    if decimals is None:
        decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
        decimals = max(decimals, 0)
    text = f"{round(value, decimals):,.{min(max(decimals, 0), 8)}f}"
    return text.replace("-", "−")


def interval_decimals(interval: tuple[float, float] | None) -> int | None:
    """Return how many decimals an interval's half width leaves sensible (negative: tens, hundreds).

    One significant digit of the half width, two if it begins with 1 or 2.

    Args:
        interval: lower and upper end, or None.

    Example:
        >>> interval_decimals((0.846, 0.860)), interval_decimals((100.0, 5000.0))
        (3, -2)
    """
    if interval is None or not all(math.isfinite(end) for end in interval):
        return None
    half = (interval[1] - interval[0]) / 2
    if not half > 0:
        return None
    exponent = math.floor(math.log10(half))
    return min(8, -exponent + (half / 10**exponent < 3))
