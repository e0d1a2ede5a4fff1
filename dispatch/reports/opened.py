"""What an opened number is, in words: for the page that lists what it counts."""

from __future__ import annotations

from pydantic import BaseModel


class OpenedFigure(BaseModel):
    """The figure whose number was opened."""

    label: str
    #: How it is made.
    words: str = ""
    #: Whose rows are listed, where that is another count: behind a mean, those it was made of.
    counted: str = ""
    #: What it was narrowed to: a time, a queue, a person, a unit.
    parts: list[str] = []
