"""The house holds: which room imports which, no circles, nothing of the host where it does not belong.

Read off the source, never imported: imports inside functions count for rooms, those at the top of a file for circles.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PURE = ("attention", "guidance", "metrics", "pictures")
SHIPPED = (*PURE, "nodes")
# A room -> the rooms it may import, besides itself. emoji_world's own people read pictures as any reader does.
MAY_IMPORT = {
    "attention": set(),
    "guidance": {"attention"},
    "metrics": {"attention"},
    "pictures": {"attention", "guidance", "metrics"},
    "emoji_world": {"attention", "metrics", "host"},
    "nodes": {"attention", "guidance", "metrics", "pictures", "emoji_world"},
    "audit": {
        "attention",
        "guidance",
        "metrics",
        "pictures",
        "emoji_world",
        "host",
    },  # host: the embedded one is started
    "host": set(),
    "scripts": {"attention", "guidance", "metrics", "pictures", "nodes", "emoji_world", "audit", "host"},
    "benchmarks": {"attention", "guidance", "metrics", "pictures", "nodes", "emoji_world", "audit", "host", "scripts"},
}
THE_HOST = {
    "comfy", "comfy_api", "comfy_execution", "comfy_extras", "execution", "folder_paths", "latent_preview", "nodes", "server",
}  # fmt: skip
MOST_AT_THE_TOP = 16  # files of nodes/ itself; what belongs to one technique has a folder


def files(room: str = "") -> list[Path]:
    rooms = [room] if room else MAY_IMPORT
    return sorted(f for r in rooms for f in (ROOT / r).rglob("*.py"))


def name_of(file: Path) -> str:
    """ "guidance.fair.plan" of the file that is imported as such."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> frozenset[str]:
    return frozenset(map(name_of, files()))


def imports(file: Path, *, only_top: bool = False) -> Iterator[str]:
    """What a file imports: our own modules by name ("guidance.fair.plan"), others as "/" and their first name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    package = name_of(file) if file.name == "__init__.py" else name_of(file).rpartition(".")[0]
    for node in tree.body if only_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"/{a.name.partition('.')[0]}" for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            first = (node.module or "").partition(".")[0]
            if not node.level and first != "fair_attention":
                yield f"/{first}"
                continue
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            inside = node.module or "" if node.level else (node.module or "").partition(".")[2]
            target = ".".join([*base, *filter(None, [inside])])
            for alias in node.names:
                full = f"{target}.{alias.name}".lstrip(".")
                yield full if full in modules() else target


def own(file: Path, **how) -> set[str]:
    return {name for name in imports(file, **how) if name and not name.startswith("/")}


def test_the_rules_are_about_the_files_that_are_there():
    """So that the tests below cannot pass by looking at nothing."""
    assert len(files("nodes")) > 25 and len(files("attention")) > 25 and len(files("guidance")) > 15
    assert "guidance.run_record" in own(ROOT / "guidance" / "find_run.py")
    assert "/comfy_api" in set(imports(ROOT / "nodes" / "types.py"))
    rooms = {f.parent.name for f in ROOT.glob("*/*.py")} - {"output", "tests"}
    assert rooms <= set(MAY_IMPORT), "a new room needs a row above, and one in CONTRIBUTING"


def test_a_room_imports_only_what_comes_before_it():
    wrong = [
        f"{name_of(file)} imports {name}"
        for room, allowed in MAY_IMPORT.items()
        for file in files(room)
        for name in own(file)
        if name.partition(".")[0] not in allowed | {room}
    ]
    assert not wrong, wrong


def test_only_nodes_know_the_host():
    wrong = [
        f"{name_of(file)} imports {name[1:]}"
        for room in (*PURE, "audit")
        for file in files(room)
        for name in imports(file)
        if name[1:] in THE_HOST and name.startswith("/")
    ]
    assert not wrong, wrong


def test_a_file_of_nodes_has_to_do_with_the_host():
    """By an import of the host, if only of the types it is given, or of our sockets. Others belong to another room."""
    wrong = [
        name_of(file)
        for file in files("nodes")
        if (file.name != "__init__.py" or file.parent.name == "nodes")
        and not {name[1:] for name in imports(file) if name.startswith("/")} & THE_HOST
        and "nodes.types" not in own(file)
    ]
    assert not wrong, wrong


def test_nodes_has_few_files_at_its_top():
    assert len(list((ROOT / "nodes").glob("*.py"))) <= MOST_AT_THE_TOP


def test_nothing_that_is_shipped_needs_what_is_not():
    """Not the rooms of development, nor what of the emoji world only its training needs, through any number of imports."""
    reached, ahead = set(), [name_of(file) for room in SHIPPED for file in files(room)]
    while ahead:
        name = ahead.pop()
        if name in reached:
            continue
        reached.add(name)
        path = ROOT / name.replace(".", "/")
        ahead += own(path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py")
    rooms = {name.partition(".")[0] for name in reached}
    assert not rooms & {"host", "scripts", "benchmarks", "tests", "audit"}, sorted(rooms)


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A circle among these, if there is one."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(edges.get(name, ())):
            if found := follow(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(edges) if (found := follow(name, []))), [])


def test_circle_finds_one():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_file_imports_itself_in_a_circle():
    """Also through imports inside functions: those hide a circle, they do not open it."""
    assert circle({name_of(file): own(file) - {name_of(file)} for file in files()}) == []


def test_no_room_imports_itself_in_a_circle():
    rooms = {r: {n.partition(".")[0] for f in files(r) for n in own(f)} - {r} for r in MAY_IMPORT}
    assert circle(rooms) == []


def test_every_file_has_a_line_in_contributing():
    """Named in full or, behind another one of its folder, by its last part."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    missing = []
    for room in (*PURE, "nodes", "audit", "host"):
        at = page.index(f"| `{room}/` | |") if room != "host" else page.index("`host/`: ")
        end = page.find("\n\n", at)
        for file in files(room):
            if file.name != "__init__.py" and f"{file.name}`" not in page[at:end]:
                missing.append(str(file.relative_to(ROOT)))
    assert not missing, f"say in CONTRIBUTING.md, under Every file, what these are for: {missing}"


def test_contributing_names_no_file_that_is_gone():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    there = {file.name for file in ROOT.rglob("*.py") if ".venv" not in file.parts and ".host" not in file.parts}
    named = {name for name in re.findall(r"([a-z_0-9]+\.py)`", page)}
    assert named and not named - there, sorted(named - there)
