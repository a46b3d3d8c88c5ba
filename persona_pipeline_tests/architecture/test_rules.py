"""Rules of the house that import-linter cannot express; each looks at the source text."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "persona_pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))
ABOVE_THE_CLOCK = {"cli.py", "commands", "defs"}  # what may ask what time it is
CLOCK = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime"}
LONGEST = 500


def name_of(module: Path) -> str:
    return module.relative_to(REPOSITORY).as_posix()


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0]


@functools.cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_what_belongs_in_it(module: Path) -> None:
    assert ast.get_docstring(tree_of(module)), f"{name_of(module)} has no docstring"


def test_no_module_is_longer_than_500_lines() -> None:
    lengths = {name_of(module): module.read_text(encoding="utf-8").count("\n") for module in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_wall_clock_below_the_command_line_and_dagster() -> None:
    found = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        if room_of(module) not in ABOVE_THE_CLOCK
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call) and reads_the_clock(node.func)
    ]
    assert found == []


def reads_the_clock(function: ast.expr) -> bool:
    """`dt.date.today()`, `datetime.now()`, `time.time()` and their family; not `dt.time(...)`."""
    if not isinstance(function, ast.Attribute) or function.attr not in CLOCK:
        return False
    owner = ast.unparse(function.value)
    modules = {"time"} if function.attr in {"time", "time_ns", "localtime", "gmtime"} else None
    return owner in modules if modules else owner.split(".")[-1] in {"date", "datetime", "Timestamp"}


def test_no_annotations_import_in_defs() -> None:
    """Dagster 1.13 reads the annotations of assets at run time; as text it refuses typed contexts."""
    found = [
        name_of(module)
        for module in (PACKAGE / "defs").rglob("*.py")
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert found == []


def test_no_broad_except() -> None:
    found = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]
    assert found == []


def test_only_settings_reads_the_environment() -> None:
    found = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        if module != PACKAGE / "settings.py"
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    ]
    assert found == []


def test_no_pickle_and_no_joblib() -> None:
    found = [
        f"{name_of(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"pickle", "cloudpickle", "dill", "joblib"} & imported(node)
    ]
    assert found == []


def imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "docs/coverage.md"])
def test_paths_named_in_a_page_exist(page: str) -> None:
    """Links, and `code` that looks like a path of the repository; a demo project's files are not of it."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    known = "persona_pipeline|persona_pipeline_tests|sql|docs|bench|examples"
    code = re.findall(rf"`((?:{known})/[\w./-]*)`", text)
    folder = (REPOSITORY / page).parent
    missing = [link for link in links if not (folder / link).exists()]
    missing += [path for path in code if not (REPOSITORY / path).exists()]
    assert missing == []


def test_workspace_and_dg_point_at_the_same_module() -> None:
    """Bare dagster commands read [tool.dg] and then ignore workspace.yaml."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["dg"][
        "project"
    ]
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text(encoding="utf-8"))
    [entry] = workspace["load_from"]
    assert entry["python_module"]["module_name"] == project["code_location_target_module"]
    assert entry["python_module"]["location_name"] == project["code_location_name"]


def test_extras_that_are_named_exist() -> None:
    """What a message or a page says to install can be installed."""
    pages = [*MODULES, *REPOSITORY.glob("README*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    texts = (page.read_text(encoding="utf-8") for page in pages)
    named = {extra for text in texts for extra in re.findall(r"persona_pipeline\[([\w-]+)\]", text)}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "spark" in named
    assert named <= set(project["optional-dependencies"])


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-spark.lock"])
def test_no_registry_address_in_a_lock(name: str) -> None:
    lock = (REPOSITORY / name).read_text(encoding="utf-8")
    assert re.findall(r"https?://|--index-url|--find-links|file:", lock) == []


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("persona_pipeline.definitions", "pandas pandera sklearn pyspark duckdb"),
        ("persona_pipeline.contracts", "pandas pandera numpy pyarrow sqlalchemy duckdb dagster"),
        ("persona_pipeline.cli", "pandas pandera sklearn duckdb dagster"),
    ],
)
def test_importing_stays_light(module: str, forbidden: str) -> None:
    code = f"import sys, {module}; print(*sorted(set('{forbidden}'.split()) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.split() == []
