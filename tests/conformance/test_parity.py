"""scripts/parity.py: the page is what the runners noted, and is told to be stale where it is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "parity.py"


@pytest.fixture
def parity(tmp_path: Path) -> ModuleType:
    """The script, with notes and a page of its own: every language ran everything."""
    spec = importlib.util.spec_from_file_location("parity", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.RAN, module.PAGE = tmp_path / "ran", tmp_path / "parity.md"
    module.ALL_NEEDED = False
    for table, kind, text in ((module.vectors(), "vectors", "42"), (module.conformance(), "conformance", "1")):
        for language in module.LANGUAGES:
            folder = module.RAN / language / kind
            folder.mkdir(parents=True)
            for name in table.rows:
                (folder / name).write_text(f"{text}\n")
    return module


def test_a_page_that_was_just_written_is_not_stale(parity: ModuleType) -> None:
    assert parity.main(["--write"]) == 0
    assert parity.main(["--check"]) == 0
    assert "| dsn " in parity.PAGE.read_text() and "| storm " in parity.PAGE.read_text()


def test_another_count_makes_it_stale(parity: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    parity.main(["--write"])
    (parity.RAN / "swift" / "vectors" / "dsn").write_text("43\n")
    assert parity.main(["--check"]) == 1
    assert "vectors dsn, swift: 42, but it was 43" in capsys.readouterr().err


def test_a_row_that_is_new_or_gone_makes_it_stale(parity: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    parity.main(["--write"])
    parity.PAGE.write_text(parity.PAGE.read_text().replace("| storm  ", "| sturm  "))
    assert parity.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "conformance storm: not there" in said and "conformance sturm: is no more" in said


def test_a_language_that_was_not_run_is_compared_only_on_demand(
    parity: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parity.main(["--write"])
    (parity.RAN / "kotlin" / "vectors" / "dsn").unlink()
    assert parity.main(["--check"]) == 0
    monkeypatch.setattr(parity, "ALL_NEEDED", True)
    assert parity.main(["--check"]) == 1
    assert "kotlin: vectors dsn" in capsys.readouterr().err
    assert parity.main(["--write"]) == 1, "a page with holes is not written"
