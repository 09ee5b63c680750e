"""How far a run is, and how long it will take: a bar on a terminal, a line every half minute elsewhere."""

import sys
import time

EVERY, WIDTH = 30.0, 30


class Progress:
    def __init__(self, total: int, pictures: int, quiet: bool = False):
        self.total, self.pictures, self.quiet = total, pictures, quiet
        self.began, self.said = time.monotonic(), 0.0

    def __call__(self, finished: int, failed: int) -> None:
        done, at = finished + failed, time.monotonic()
        terminal = sys.stdout.isatty()
        if self.quiet or at - self.said < (0.2 if terminal else EVERY) and done < self.total:
            return
        self.said = at
        text = f"{done} of {self.total} cells, {finished * self.pictures} pictures" + (
            f", {failed} failed" if failed else ""
        )
        if done and done < self.total:
            text += f", {duration((at - self.began) / done * (self.total - done))} left"
        if terminal:
            full = WIDTH * done // max(1, self.total)
            print(
                f"\r\033[K[{'#' * full}{'.' * (WIDTH - full)}] {text}",
                end="" if done < self.total else "\n",
                flush=True,
            )
        else:
            print(text, flush=True)


def duration(seconds: float) -> str:
    """ "3 min", "2 h 5 min" """
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
