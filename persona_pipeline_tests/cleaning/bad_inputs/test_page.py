"""docs/bad_inputs.md says what is so: codes are those of contracts and code, seeds and tests exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from persona_pipeline.contracts import reasons
from persona_pipeline.engine.sql import sql_directory

SEEDS = Path(__file__).parent / "seeds"
EVERY = {"file": reasons.FILE, **reasons.BY_OUTCOME}
REASON_COLUMNS = {"reason", "verdict", "outcome_reason", "filter_reason"}
REFUSALS = {"FileRejected", "GzipProblem", "_Refused", "ValueRefused", "no_fields"}


@pytest.fixture(scope="module")
def kinds(repository: Path) -> list[tuple[int, str, str]]:
    """Number, outcome and seeds or tests of each row of the first table."""
    text = (repository / "docs" / "bad_inputs.md").read_text(encoding="utf-8")
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    return [(int(number), outcome, places) for number, _, outcome, places in rows]


def test_every_kind_has_a_seed_or_a_test_that_exists(
    kinds: list[tuple[int, str, str]], repository: Path
) -> None:
    assert [number for number, _, _ in kinds] == list(range(1, 40))
    for number, outcome, places in kinds:
        named = re.findall(r"`([^`]+)`", places)
        assert named, number
        for name in named:
            path, _, test = name.partition("::")
            if test:
                source = (repository / "persona_pipeline_tests" / path).read_text(encoding="utf-8")
                assert f"def {test}(" in source, name
            else:
                assert (SEEDS / name).is_file(), name
        codes = set(re.findall(r"`([a-z0-9_]+)`", outcome))
        assert codes <= {code for table in EVERY.values() for code in table}, number


def test_the_reason_codes_are_those_of_the_contracts(repository: Path) -> None:
    text = (repository / "docs" / "bad_inputs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z]+) \| `([a-z0-9_]+)` \| (.+) \|$", text, re.MULTILINE)
    assert rows == [
        (outcome, code, meaning) for outcome, table in EVERY.items() for code, meaning in table.items()
    ]


def given(tree: exp.Expression) -> Iterator[str]:
    """The texts that an expression may result in."""
    if isinstance(tree, exp.Literal) and tree.is_string:
        yield tree.name
    elif isinstance(tree, exp.Case):
        for branch in (*(each.args["true"] for each in tree.args["ifs"]), tree.args.get("default")):
            if branch is not None:
                yield from given(branch)
    elif isinstance(tree, exp.Coalesce):
        for each in (tree.this, *tree.expressions):
            yield from given(each)


def test_statements_give_no_other_codes() -> None:
    found = {
        text
        for path in sorted((sql_directory() / "clean").glob("*.sql"))
        for alias in sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb").find_all(exp.Alias)
        if alias.alias in REASON_COLUMNS
        for text in given(alias.this)
    }
    assert {"too_late", "bot_behaviour", "same_content"} <= found
    assert found <= {code for table in reasons.BY_OUTCOME.values() for code in table}


def test_statements_notice_nothing_else() -> None:
    """Each column beside the file, the outcome and the number of records is a code."""
    place = ["day", "source", "path", "sha256", "outcome", "reason", "records"]
    found: set[str] = set()
    for path in (sql_directory() / "clean").glob("*_noted.sql"):
        tree = sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="duckdb")
        assert isinstance(tree, exp.Query)
        assert tree.named_selects[: len(place)] == place, path
        found.update(tree.named_selects[len(place) :])
    assert {"leap_second", "corrected", "too_many_requests"} <= found
    assert found <= reasons.BY_OUTCOME["noted"].keys()


def test_readers_refuse_for_no_other_reasons(repository: Path) -> None:
    found = set()
    for path in sorted((repository / "persona_pipeline" / "sources").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSALS:
                found |= {
                    each.value
                    for argument in node.args[:1]
                    for each in ast.walk(argument)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    assert {"json_depth", "gzip_crc", "missing_sheet", "lost_digits", "unknown_fields"} <= found
    assert found <= {*reasons.FILE, *reasons.REJECTED, "Extra data"}  # which json.JSONDecodeError says
