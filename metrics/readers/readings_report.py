"""Readers and readings as text: who reads, how people were found, how many could be read on each axis."""

from collections import Counter

from .person_reader import PersonReader
from .readings import ReadAttributes


def describe_reader(reader: PersonReader, certificate: str) -> str:
    """Its name and whose labels it reads by, a line for each axis, its settings, a sentence about its certificate."""
    whose = getattr(reader.instrument, "labels_by", "the texts in table")
    axes = [f"{axis} (perceived): {', '.join(values)}" for axis, values in reader.axes.items()]
    settings = f"left open below a confidence of {reader.threshold:g}; crop: the box and {reader.expand:.0%} more"
    return "\n".join([f"{reader.name}, by {whose}", *axes, settings, certificate])


def describe_readings(read: ReadAttributes, found: str = "", warning: str = "") -> str:
    """A line about the reader, one about the people, one for each axis; a warning comes first."""
    people = [r for image in read.images for r in image]
    per_image = Counter(len(image) for image in read.images)
    several = ", ".join(f"{n} in {images}" for n, images in sorted(per_image.items()))
    lines = [warning] if warning else []
    who, where = f"{len(people)} {'person' if len(people) == 1 else 'people'}", len(read.images)
    lines.append(f"{read.reader}; {who} in {where} picture{'s' * (where != 1)} (people a picture: {several})")
    lines += [found] if found else []
    for axis, values in read.axes.items():
        counts = Counter(r.labels.get(axis) for r in people)
        said = ", ".join(f"{value} {counts[value]}" for value in values)
        lines.append(f"{axis} (perceived): {said}; {counts[None]} unreadable")
    certificate = read.certificate
    if certificate is not None:
        lines.append(f"certificate: measured on {certificate.pictures}")
    return "\n".join(lines)
