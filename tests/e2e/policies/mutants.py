"""Policies with one part of a condition replaced: a table of attempts must tell each from the real one. Pure."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

Policy = dict[str, Any]
_OPENING, _CLOSING = "([{", ")]}"


class Mutant(NamedTuple):
    """A policy in which *part* of the expression at *where* is replaced by *by*."""

    where: str
    part: str
    by: str
    policy: Policy

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(self.part.split())[:60]} -> {self.by}"


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every policy in which a condition, a validation or a part of one is replaced by `true` or `false`."""
    for kind in ("matchConditions", "variables", "validations"):
        for i, item in enumerate(policy["spec"].get(kind, ())):
            expression = _without_comments(item["expression"])
            where = f"{kind}.{item.get('name', i)}"
            if kind != "variables":
                yield Mutant(where, "all", "true", _replaced(policy, kind, i, "true"))
            for start, end in _operands(expression):
                for by in ("true", "false"):
                    mutated = expression[:start] + by + expression[end:]
                    yield Mutant(where, expression[start:end], by, _replaced(policy, kind, i, mutated))


def _replaced(policy: Policy, kind: str, i: int, expression: str) -> Policy:
    policy = deepcopy(policy)
    policy["spec"][kind][i]["expression"] = expression
    return policy


def _without_comments(expression: str) -> str:
    return re.sub(r"(?m)^\s*//.*$", "", expression)


def _operands(expression: str) -> Iterator[tuple[int, int]]:
    """Where each operand of `&&` and `||` begins and ends, on every level of brackets."""
    levels: list[list[int]] = [[0]]  # of each open bracket, where its parts begin
    joined: list[bool] = [False]  # and whether an operator joins the last part with others
    found = []

    def end_part(at: int) -> None:
        if joined[-1]:
            found.append((levels[-1][-1], at))

    position = 0
    while position < len(expression):
        char, two = expression[position], expression[position : position + 2]
        if char in "'\"":
            raw = position > 0 and expression[position - 1] == "r"
            position = _end_of_text(expression, position, raw=raw)
            continue
        if two in ("&&", "||"):
            joined[-1] = True
            end_part(position)
            levels[-1].append(position + 2)
            position += 2
            continue
        if char in _OPENING:
            levels.append([position + 1])
            joined.append(False)
        elif char == "," or char in _CLOSING:
            end_part(position)
            levels[-1] = [position + 1]
            joined[-1] = False
            if char in _CLOSING:
                levels.pop()
                joined.pop()
        position += 1
    end_part(len(expression))
    for start, end in found:
        part = expression[start:end]
        yield start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))


def _end_of_text(expression: str, position: int, *, raw: bool) -> int:
    quote = expression[position]
    position += 1
    while expression[position] != quote:
        position += 2 if expression[position] == "\\" and not raw else 1
    return position + 1
