"""Ask Masterminds/semver itself; needs Go.

oracle.py table            fill in table.json, for tests/resolving/test_versions.py; add a constraint with any answer
oracle.py fuzz PAIRS SEED  compare registry.versions on that many random pairs of constraint and version
"""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

from registry.resolving.versions import ConstraintError, satisfies

HERE = Path(__file__).parent
TABLE = HERE / "table.json"
REFUSED = "refused"

OPERATORS = ("", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^")
GLUE = (" ", ",", ", ", " , ", "||", " || ", " - ")
IDENTIFIERS = ("alpha", "beta", "0", "1", "11", "1a", "-", "x", str(2**63), "01")
ODD_NUMBERS = ("10", "01", "007", str(2**64 - 1), str(2**64))
BEYOND_64_BITS = re.compile(r"-[0-9A-Za-z.-]*[0-9]{20}")  # in a pre-release: there we differ, see registry/versions.py
CHARACTERS = "0129.-+|*xXvV=!<>~^,  \t\n\va_"


def theirs(questions: list[tuple[str, list[str]]]) -> list[str]:
    """Ask all at once: "01…", a digit for each version, or "refused"."""
    lines = [json.dumps({"constraint": constraint, "versions": versions}) for constraint, versions in questions]
    command = ["go", "run", "."]
    ran = subprocess.run(command, cwd=HERE, input="\n".join(lines), stdout=subprocess.PIPE, text=True, check=True)
    return ran.stdout.splitlines()


def ours(constraint: str, versions: list[str]) -> str:
    try:
        return "".join("01"[satisfies(version, constraint)] for version in versions)
    except ConstraintError:
        return REFUSED


def fill_table() -> None:
    table = json.loads(TABLE.read_text())
    for constraints in table["constraints"].values():
        answers = theirs([(constraint, table["versions"]) for constraint in constraints])
        constraints.update(zip(constraints, answers, strict=True))
    TABLE.write_text(json.dumps(table, indent=1) + "\n")


def random_version(pick: random.Random) -> str:
    numbers = [
        pick.choice("0011122233") if pick.random() < 0.97 else pick.choice(ODD_NUMBERS)
        for _ in range(pick.choice((1, 2, 3, 3)))
    ]
    extras = [
        sign + ".".join(pick.choices(IDENTIFIERS, weights=[9] * 9 + [1], k=pick.randint(1, 2)))
        for sign in "-+"
        if pick.random() < 0.2
    ]
    return pick.choice(("", "", "", "v")) + ".".join(numbers) + "".join(extras)


def random_partial(pick: random.Random) -> str:
    text = random_version(pick)
    return text if pick.random() < 0.8 else text.replace(pick.choice("0123"), pick.choice("xX*"), 1)


def random_constraint(pick: random.Random) -> str:
    text = pick.choice(OPERATORS) + pick.choice(("", " ")) + random_partial(pick)
    for _ in range(pick.choice((0, 0, 1, 1, 2, 3))):
        glue = pick.choice(GLUE)
        operator = "" if glue == " - " else pick.choice(OPERATORS)
        text += glue + operator + pick.choice(("", "", " ")) + random_partial(pick)
    return mutated(text, pick) if pick.random() < 0.25 else text


def mutated(text: str, pick: random.Random) -> str:
    """Insert, replace or remove up to three characters, with ones that mean something."""
    for _ in range(pick.randint(1, 3)):
        at = pick.randint(0, len(text))
        text = text[:at] + pick.choice(("", *CHARACTERS)) + text[at + pick.randint(0, 1) :]
    return text


def random_question(pick: random.Random) -> tuple[str, list[str]]:
    versions = [random_version(pick) for _ in range(9)]
    return random_constraint(pick), [*versions, mutated(random_version(pick), pick)]


def differ_by_intent(constraint: str, versions: list[str]) -> bool:
    return any(BEYOND_64_BITS.search(text) for text in (constraint, *versions))


def fuzz(pairs: int, seed: int) -> bool:
    pick = random.Random(seed)
    questions = [q for q in (random_question(pick) for _ in range(pairs // 10)) if not differ_by_intent(*q)]
    differences = refused = allowed = 0
    for (constraint, versions), expected in zip(questions, theirs(questions), strict=True):
        got = ours(constraint, versions)
        if got != expected:
            print(f"{constraint!r} {versions}: {expected}, got {got}")
        differences += got != expected
        refused += expected == REFUSED
        allowed += expected.count("1")
    print(f"{len(questions) * 10} pairs: {differences} differences; {refused} constraints refused, {allowed} pairs fit")
    return differences == 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["table"]:
            fill_table()
        case ["fuzz", pairs, seed]:
            sys.exit(not fuzz(int(pairs), int(seed)))
        case _:
            sys.exit(__doc__)
