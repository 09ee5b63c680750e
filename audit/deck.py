"""Cells that are still to be run, dealt out to threads; a failed one goes to another server first."""

import threading
from collections import Counter, deque
from collections.abc import Iterable

from .cells import Cell

LOSSES = 3  # a server that ends is not the cell's failure, unless servers keep ending with the same cell


class Deck:
    """Thread-safe. A cell is in the deck, in somebody's hand, or settled."""

    def __init__(self, cells: Iterable[Cell], servers: Iterable[str] = ()):
        self.servers = set(servers)  # that answer
        self.waiting = deque(cells)
        self.failed: dict[tuple, list[str]] = {}  # cell -> servers it has failed on
        self.lost: Counter[tuple] = Counter()  # cell -> how often its server has stopped answering
        self.in_hand = 0
        self.stopped = False
        self.changed = threading.Condition()

    def take(self, server: str) -> Cell | None:
        """The next cell for a server, or None: no more. Waits while others may put some back.

        A cell that has failed here is left to a server that has not tried it, while there is one.
        """
        with self.changed:
            while not self.stopped and (self.waiting or self.in_hand):
                for _ in range(len(self.waiting)):
                    cell = self.waiting.popleft()
                    tried = self.failed.get(cell.name, ())
                    if server not in tried or self.servers <= set(tried):
                        self.in_hand += 1
                        return cell
                    self.waiting.append(cell)
                self.changed.wait(0.5)
            return None

    def answers(self, server: str, does: bool) -> None:
        """A server is gone, or back."""
        with self.changed:
            (self.servers.add if does else self.servers.discard)(server)
            self.changed.notify_all()

    def settle(self) -> None:
        """A cell that was taken is finished, or has failed for good."""
        with self.changed:
            self.in_hand -= 1
            self.changed.notify_all()

    def put_back(self, cell: Cell, failed_on: str = "") -> None:
        """To be run once more."""
        with self.changed:
            if failed_on:
                self.failed.setdefault(cell.name, []).append(failed_on)
            # What failed waits for the others; what was lost is next.
            (self.waiting.append if failed_on else self.waiting.appendleft)(cell)
            self.in_hand -= 1
            self.changed.notify_all()

    def lose(self, cell: Cell) -> bool:
        """Its server has stopped answering: to be run once more. False: so often that it is taken for the cell's own failure, and it is still in hand."""
        with self.changed:
            self.lost[cell.name] += 1
            if self.lost[cell.name] >= LOSSES:
                return False
        self.put_back(cell)
        return True

    def failures(self, cell: Cell) -> int:
        with self.changed:
            return len(self.failed.get(cell.name, ()))

    def stop(self) -> None:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
