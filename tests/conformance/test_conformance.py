"""One list of scenarios, five languages, a real server: the same calls come to the same events.

    .venv/bin/python -m pytest -q tests/conformance/test_conformance.py -k "storm and swift"

Each scenario is played in each language that is built here, a process a life and a sink of its own. What came of it,
without what is the language's own (`normal.py`), is compared with what the scenario's file says, and with what the
other languages came to. With FAULTWIRE_ALL_LANGUAGES=1 a language that cannot be started fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from languages import ALL_NEEDED, LANGUAGES, ROOT, Language
from normal import difference, expected, normal
from play import Played, load, names, play
from sink import Json

#: A life mostly waits; more at a time only make each other late on two cores.
_AT_ONCE = 3
#: Where `scripts/parity.py` finds what was run: `target/parity/LANGUAGE/conformance/SCENARIO`.
_PARITY = ROOT / "target" / "parity"

STARTS = {language.name: language.start() for language in LANGUAGES}
HERE = [language for language in LANGUAGES if isinstance(STARTS[language.name], list)]


class Stage:
    """Plays what the selected tests need, a few at a time, in the order of the tests."""

    def __init__(self, wanted: list[tuple[str, Language]]) -> None:
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._played: dict[tuple[str, str], Future[Played]] = {
            (name, language.name): self._pool.submit(play, language, name) for name, language in dict.fromkeys(wanted)
        }

    def played(self, name: str, language: Language) -> Played:
        return self._played[name, language.name].result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def exempt(name: str, language: Language) -> str | None:
    """Why a scenario makes no sense in a language."""
    reason: str | None = load(name).get("except", {}).get(language.name)
    return reason


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    wanted = []
    for item in request.session.items:
        told = getattr(getattr(item, "callspec", None), "params", {})
        name, language = told.get("name"), told.get("language")
        if name is not None:
            wanted += [(name, each) for each in ([language] if language else HERE) if each in HERE]
    stage = Stage([(name, language) for name, language in wanted if exempt(name, language) is None])
    yield stage
    stage.close()


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_the_language_is_here(language: Language) -> None:
    start = STARTS[language.name]
    if isinstance(start, str):
        (pytest.fail if ALL_NEEDED else pytest.skip)(f"{language.name}: {start}")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
@pytest.mark.parametrize("name", names())
def test_scenario(name: str, language: Language, stage: Stage) -> None:
    done = _PARITY / language.name / "conformance" / name
    done.unlink(missing_ok=True)
    if language not in HERE:
        pytest.skip(f"{language.name} is not here")
    if reason := exempt(name, language):
        _record(done, "-")
        pytest.skip(f"{language.name}: {reason}")
    scenario, played = load(name), stage.played(name, language)
    found = normal(language, scenario, played)
    wrong = difference(expected(scenario), found, (f"{name}.json", language.name))
    assert not wrong, f"{scenario['purpose']}\n{wrong}\n{_said(played)}"
    for secret in scenario.get("absent", []):
        assert secret not in played.raw, f"{secret} reached the server"
        assert all(secret not in life.stderr for life in played.lives), f"{secret} is on stderr"
    for life, told in zip(played.lives, scenario["lives"]):
        for text in told.get("stderr", []):
            assert text in life.stderr, _said(played)
    _record(done, "1")


@pytest.mark.parametrize("name", names())
def test_languages_agree(name: str, stage: Stage) -> None:
    scenario = load(name)
    shown: dict[str, Json] = {
        language.name: normal(language, scenario, stage.played(name, language))
        for language in HERE
        if exempt(name, language) is None
    }
    first, *others = shown
    wrong = [difference(shown[first], shown[other], (first, other)) for other in others]
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_every_scenario_says_what_it_is_for() -> None:
    assert len(names()) >= 20
    for name in names():
        scenario = load(name)
        assert set(scenario) <= {"purpose", "server_header", "dsn", "except", "absent", "lives", "expected"}, name
        assert scenario["purpose"] and scenario["lives"] and scenario["expected"], name
        assert set(scenario.get("except", {})) <= {language.name for language in LANGUAGES}, name


def _said(played: Played) -> str:
    return "\n".join(f"life {n}: exit code {life.code}\n{life.stderr}" for n, life in enumerate(played.lives))


def _record(done, text: str) -> None:
    done.parent.mkdir(parents=True, exist_ok=True)
    done.write_text(f"{text}\n")
