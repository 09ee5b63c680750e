"""Scenes: one to four people on a wall-and-floor background, with things beside them, and their exact masks."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .sprites import head_box, person_sprite, thing_sprite
from .world import GENDERS, OCCUPATIONS, SIZE, THINGS, TONES, bias

WALLS = ((247, 220, 180), (196, 226, 240), (214, 236, 205), (240, 205, 214), (222, 214, 240), (245, 240, 200),
         (200, 215, 220), (235, 225, 215), (180, 205, 235), (205, 235, 225))  # fmt: skip
FLOORS = ((160, 120, 85), (120, 140, 110), (130, 130, 140), (185, 150, 110), (100, 120, 150), (150, 105, 105))


@dataclass(frozen=True)
class Group:
    """People a caption names together: "two dark female doctors". None: the caption does not say."""

    noun: str  # an occupation, or "person"
    count: int
    gender: str | None = None
    tone: str | None = None
    age: str | None = None


@dataclass(frozen=True)
class Person:
    occupation: str
    gender: str
    tone: str
    left: int
    top: int
    size: int
    group: int
    age: str = "young"


@dataclass(frozen=True)
class Thing:
    kind: str
    left: int
    top: int
    size: int


@dataclass(frozen=True)
class Scene:
    groups: tuple[Group, ...]
    people: tuple[Person, ...]
    things: tuple[Thing, ...]
    wall: tuple[int, int, int]
    floor: tuple[int, int, int]
    horizon: int


@dataclass(frozen=True)
class Drawn:
    """A rendered scene. image [H,W,3] uint8; person, head [n,H,W] and things [H,W]: visible share, float32 in 0..1."""

    image: np.ndarray
    person: np.ndarray
    head: np.ndarray
    things: np.ndarray


def draw_attributes(rng: np.random.Generator, group: Group, table: dict | None = None) -> list[tuple[str, str, str]]:
    """(occupation, gender, tone) of each person; what the caption leaves open follows the table, the planted bias if none.

    In `shared_within_picture` of the pictures all people of a group share one draw, otherwise each has its own:
    the share of each attribute over many pictures is the table's either way.
    """
    table = table or bias()
    occupation = group.noun if group.noun in OCCUPATIONS else str(rng.choice(OCCUPATIONS))
    shares = table["occupations"][occupation]

    def one() -> tuple[str, str, str]:
        gender = group.gender or GENDERS[0 if rng.random() < shares["male"] else 1]
        tone = group.tone or TONES[rng.choice(len(TONES), p=shares["tones"])]
        return occupation, gender, tone

    if rng.random() < table["shared_within_picture"]:
        return [one()] * group.count
    return [one() for _ in range(group.count)]


def place_people(rng: np.random.Generator, count: int) -> list[tuple[int, int, int]]:
    """(left, top, size) per person, left to right in the order of the caption; people never cover each other."""
    low, high = {1: (58, 72), 2: (52, 60), 3: (44, 52), 4: (44, 52)}[count]
    sizes = [int(rng.integers(low, high + 1)) for _ in range(count)]
    if count == 1:
        return [(int(rng.integers(10, SIZE - sizes[0] - 9)), int(rng.integers(16, SIZE - sizes[0] - 9)), sizes[0])]
    if count == 2:
        slots = [(0, 62), (64, 126)]
        return [(int(rng.integers(a, max(a + 1, b - s + 3))), int(rng.integers(14, SIZE - s - 5)), s)
                for (a, b), s in zip(slots, sizes, strict=True)]  # fmt: skip
    if count == 3:
        sizes = [min(s, 46) for s in sizes] if rng.random() < 0.3 else sizes
        if max(sizes) <= 46 and rng.random() < 0.5:  # one row
            top = int(rng.integers(24, SIZE - 54))
            return [(int(rng.integers(42 * i, 42 * i + 43 - min(s, 42))), top + int(rng.integers(-5, 6)), min(s, 42))
                    for i, s in enumerate(sizes)]  # fmt: skip
        up = rng.random() < 0.5  # the middle person higher or lower than the two beside
        rows = (66, 8, 66) if up else (12, 68, 12)
        lefts = (2, 38, 75)
        return [(int(lefts[i] + rng.integers(-2, 4)), int(np.clip(rows[i] + rng.integers(-5, 6), 2, SIZE - s - 2)), s)
                for i, s in enumerate(sizes)]  # fmt: skip
    corners = ((6, 6), (70, 6), (6, 70), (70, 70))
    return [(int(x + rng.integers(-4, 6)), int(np.clip(y + rng.integers(-4, 6), 1, SIZE - s - 1)), s)
            for (x, y), s in zip(corners, sizes, strict=True)]  # fmt: skip


def place_things(rng: np.random.Generator, kind: str, people: list[tuple[int, int, int]]) -> list[Thing]:
    """One to three things where they cover people least (best of several tries each)."""
    placed: list[Thing] = []
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.integers(24, 35))
        tries = rng.integers((0, SIZE // 3), (SIZE - size, SIZE - size + 1), (12, 2))
        boxes = [*people, *((t.left, t.top, t.size) for t in placed)]
        costs = [sum(_overlap(int(x), int(y), size, *b) for b in boxes) for x, y in tries]
        best = int(np.argmin(costs))
        if costs[best] <= 0.3 * size * size:
            placed.append(Thing(kind, int(tries[best][0]), int(tries[best][1]), size))
    return placed


def _overlap(x: int, y: int, size: int, left: int, top: int, other: int) -> int:
    w = min(x + size, left + other) - max(x, left)
    h = min(y + size, top + other) - max(y, top)
    return max(w, 0) * max(h, 0)


def compose(rng: np.random.Generator, groups: tuple[Group, ...], thing: str | None, table: dict | None = None) -> Scene:
    """A scene that the caption of these groups and this kind of thing describes."""
    attributes = [(a, g) for g, group in enumerate(groups) for a in draw_attributes(rng, group, table)]
    boxes = place_people(rng, len(attributes))
    people = tuple(Person(*a, *box, group=g) for (a, g), box in zip(attributes, boxes, strict=True))
    things = tuple(place_things(rng, thing, boxes)) if thing in THINGS else ()
    wall, floor = WALLS[rng.integers(len(WALLS))], FLOORS[rng.integers(len(FLOORS))]
    return Scene(groups, people, things, wall, floor, int(rng.integers(60, 105)))


def render(scene: Scene, scale: int = 1) -> Drawn:
    """Things behind people, later people before earlier ones. scale: pixels for each of the scene's."""
    side = SIZE * scale
    y = np.linspace(0, 1, side)[:, None, None]
    ground = np.array(scene.wall) * (1.04 - 0.12 * y)
    horizon = scene.horizon * scale
    ground[horizon:] = (np.array(scene.floor) * (0.9 + 0.15 * y))[horizon:]
    picture = Image.fromarray(np.broadcast_to(ground.clip(0, 255), (side, side, 3)).astype(np.uint8))

    def paste(sprite: Image.Image, left: int, top: int, visible: list[np.ndarray]) -> np.ndarray:
        place = (left * scale, top * scale)
        picture.paste(sprite, place, sprite)
        alpha = Image.new("L", (side, side))
        alpha.paste(sprite.getchannel("A"), place)
        mask = np.asarray(alpha, dtype=np.float32) / 255
        for other in visible:
            other *= 1 - mask
        return mask

    stack: list[np.ndarray] = []
    for thing in scene.things:
        stack.append(paste(thing_sprite(thing.kind, thing.size * scale), thing.left, thing.top, stack))
    for p in scene.people:
        sprite = person_sprite(p.occupation, p.gender, p.tone, p.size * scale, p.age)
        stack.append(paste(sprite, p.left, p.top, stack))
    n = len(scene.things)
    person = np.stack(stack[n:])
    things = np.sum(stack[:n], axis=0) if n else np.zeros((side, side), np.float32)
    heads = np.stack([_head(p, scale) for p in scene.people])
    return Drawn(np.asarray(picture), person, heads * person, things.clip(0, 1))


def _head(p: Person, scale: int) -> np.ndarray:
    left, top, right, bottom = (round(f * p.size * scale) for f in head_box(p.occupation))
    x, y = p.left * scale, p.top * scale
    mask = np.zeros((SIZE * scale, SIZE * scale), np.float32)
    mask[max(y + top, 0) : y + bottom, max(x + left, 0) : x + right] = 1
    return mask
