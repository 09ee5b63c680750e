"""A study: what was drawn for which prompt and seed by which method, who was read in it, kept where a crash cannot break it."""

from .rows import CellRows, PersonRow, PictureRow
from .store import LAYOUT, StudyError, StudyStore

__all__ = ["LAYOUT", "CellRows", "PersonRow", "PictureRow", "StudyError", "StudyStore"]
