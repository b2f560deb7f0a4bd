"""Work on many images at once: Pillow leaves Python's lock while it decodes."""

from __future__ import annotations

from collections.abc import Callable

from lamina.core.runtime import available_cores

LARGEST_SHARE = 64  # images handed to a thread at a time


def in_threads(work: Callable[[int], None], count: int, *, threads: int | None = None) -> None:
    """Call ``work`` with each number below ``count``, by as many threads as there are cores.

    Args:
        work: writes its result where it belongs; what it raises is raised here.
        count: how many calls.
        threads: how many at once; one for each core without.
    """
    threads = min(available_cores() if threads is None else threads, count)
    if threads <= 1:
        for number in range(count):
            work(number)
        return
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait  # not at a cold start

    share = max(1, min(LARGEST_SHARE, count // (4 * threads)))

    def run(start: int) -> None:
        for number in range(start, min(start + share, count)):
            work(number)

    pool = ThreadPoolExecutor(threads, thread_name_prefix="lamina-images")
    try:
        tasks = [pool.submit(run, start) for start in range(0, count, share)]
        for task in wait(tasks, return_when=FIRST_EXCEPTION).done:
            task.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
