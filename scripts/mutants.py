"""Small faults to put into a function, one at a time: each is a change of its syntax tree.

comparison  < to <=, == to !=, `in` to `not in`, `is` to `is not`, and what they are turned round
arithmetic  + to -, * to /, a minus sign left out
boolean     `and` to `or`, `not` left out, the condition of an `if`, a loop or a choice turned round
constant    a number one larger, True to False
removed     a statement that is executed for what it does: a call, a `+=`, an attribute or item that is set, a raise
swapped     the first two arguments of a call

Texts stay as they are, so does what is evaluated once when a module is loaded (defaults, decorators, constants), and
`strict=` of zip: a check of the code itself, which no right code notices.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip


# Functions that do not tell their first two arguments apart.
ALIKE = {"max", "min", "maximum", "minimum", "equal", "agreement", "iou", "soft_iou"}


@dataclass(frozen=True)
class Mutant:
    """One fault of a file. before, after: the expression or statement it changes. tree: the whole file with it."""

    kind: str
    line: int
    before: str
    after: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"line {self.line}, {self.kind}: `{self.before}` -> `{self.after}`"


def sample(source: str, count: int, chance: Random) -> list[Mutant]:
    """`count` different faults of a file, kind by kind as evenly as it goes, in the order of its lines."""
    tree = ast.parse(source)
    nodes = list(zip(ast.walk(tree), places(tree), strict=True))
    found = [
        (n, i, change[0]) for n, (node, inside) in enumerate(nodes) for i, change in enumerate(changes(node, inside))
    ]
    by_kind = {kind: [p for p in found if p[2] == kind] for kind in sorted({p[2] for p in found})}
    for points in by_kind.values():
        chance.shuffle(points)
    kinds = list(by_kind)
    chance.shuffle(kinds)
    turns = [points[turn] for turn in range(len(found)) for kind in kinds if turn < len(points := by_kind[kind])]
    return sorted((mutant(source, number, index) for number, index, _ in turns[:count]), key=lambda m: m.line)


def mutant(source: str, number: int, index: int) -> Mutant:
    """The `index`-th change of the `number`-th node, as `ast.walk` counts them."""
    tree = ast.parse(source)
    node = next(n for i, n in enumerate(ast.walk(tree)) if i == number)
    kind, change, of = list(changes(node, True))[index]
    line, before = node.lineno, ast.unparse(getattr(node, of) if of else node)
    after = change(tree, node)
    return Mutant(kind, line, before, after, ast.fix_missing_locations(tree))


def places(tree: ast.Module) -> list[bool]:
    """For each node, as `ast.walk` counts them: is it executed when a function is called?"""
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in executed(f)}
    return [id(n) in inside for n in ast.walk(tree)]


def executed(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a body, without its docstring and what only says types."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.AnnAssign):
            pending += [n for n in (node.target, node.value) if n]
        elif isinstance(node, ast.FunctionDef):
            pending += node.body
        elif not isinstance(node, ast.JoinedStr | ast.Raise):  # messages are texts
            pending += [n for n in ast.iter_child_nodes(node) if getattr(n, "arg", "") != "strict"]


def changes(node: ast.AST, inside: bool) -> Iterator[tuple[str, Callable[[ast.Module, ast.AST], str], str]]:
    """(kind, change(tree, node) -> what stands there then, the field it is about or "") of one node."""
    if not inside:
        return
    if isinstance(node, ast.Compare):
        for i, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield "comparison", _told(lambda n, i=i, other=other: n.ops.__setitem__(i, other())), ""
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _is_text(node):
        yield "arithmetic", _told(lambda n: setattr(n, "op", ARITHMETIC[type(n.op)]())), ""
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield "boolean" if isinstance(node.op, ast.Not) else "arithmetic", _replaced(lambda n: n.operand), ""
    elif isinstance(node, ast.BoolOp):
        yield "boolean", _told(lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())), ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield "constant", _told(lambda n: setattr(n, "value", _other(n.value))), ""
    elif isinstance(node, ast.Call) and _has_an_order(node):
        yield "swapped", _told(lambda n: setattr(n, "args", [n.args[1], n.args[0], *n.args[2:]])), ""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "boolean", _told(lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test)), "test"), "test"
    elif _acts(node):
        yield "removed", _replaced(lambda n: ast.Pass()), ""


def _has_an_order(call: ast.Call) -> bool:
    """Are there two arguments to be swapped, which the function tells apart?"""
    name = ast.unparse(call.func).rpartition(".")[2]
    if len(call.args) < 2 or name in ALIKE or any(isinstance(a, ast.Starred) for a in call.args):
        return False
    return ast.dump(call.args[0]) != ast.dump(call.args[1])


def _other(value: bool | int | float) -> bool | int | float:
    return not value if isinstance(value, bool) else value + 1


def _acts(node: ast.AST) -> bool:
    """Is it a statement that is executed for what it does?"""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return all(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Delete)


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(n, ast.JoinedStr) or isinstance(getattr(n, "value", None), str) for n in ast.walk(node))


def _told(change, of: str = ""):
    """Change a node in place."""

    def apply(tree: ast.Module, node: ast.AST) -> str:
        change(node)
        return ast.unparse(getattr(node, of) if of else node)

    return apply


def _replaced(make):
    """Put another node in its place."""

    def apply(tree: ast.Module, node: ast.AST) -> str:
        new = ast.copy_location(make(node), node)
        for parent in ast.walk(tree):
            for name, value in ast.iter_fields(parent):
                if value is node:
                    setattr(parent, name, new)
                elif isinstance(value, list) and any(v is node for v in value):
                    setattr(parent, name, [new if v is node else v for v in value])
        return ast.unparse(new)

    return apply
