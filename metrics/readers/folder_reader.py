"""A reader from a folder and whoever finds its people, as one AttributeReader: for commands, which have no graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from .detector import open_detector
from .folders import look_into
from .label_presets import ZERO_SHOT
from .opening import FITTING, open_reader
from .person_reader import PersonReader
from .readings import AttributeReader, Reading
from .whereabouts import Found, from_readings


@dataclass(frozen=True)
class FolderReader:
    """See `readings.AttributeReader`. find: images [B,H,W,3] in 0 ... 1 -> who is where in each."""

    reader: PersonReader
    find: Callable[[Tensor], Found]

    @property
    def name(self) -> str:
        return self.reader.name

    @property
    def axes(self) -> Mapping[str, tuple[str, ...]]:
        return self.reader.axes

    def read(self, images: Tensor) -> list[list[Reading]]:
        return self.reader.read(images, self.find(images))


def open_folder_reader(folder: Path, detector: Path | None, finder: AttributeReader) -> FolderReader:
    """detector: a folder with an object detector; None: the people are those `finder` finds. ValueError says what is missing or wrong."""
    reader = PersonReader(open_reader(folder, FITTING, ZERO_SHOT))
    if detector is None:
        return FolderReader(reader, lambda images: from_readings(finder.read(images)))
    return FolderReader(reader, open_detector(look_into(detector)).find)
