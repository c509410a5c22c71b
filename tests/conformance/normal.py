"""What a scenario came to, without what is the language's own: so that five languages can be compared, and with a file.

What is left out, and what is given a common name, stands in the tables here; `scenarios/README.md` says why.
"""

from __future__ import annotations

import collections
import difflib
import json
import re
from typing import Any

from languages import Language
from play import Life, Played
from sink import Json

#: Members of an event that are told as they came.
_AS_SENT = (
    "level", "logger", "transaction", "release", "dist", "environment", "logentry", "user", "request", "tags", "extra",
    "fingerprint", "_meta",
)  # fmt: skip
#: Those that another part checks, or that are the language's, the machine's or the moment's own.
_OWN = ("event_id", "timestamp", "platform", "sdk", "server_name", "modules", "threads", "debug_meta", "_envelope")
_OWN_CONTEXTS = ("os", "runtime", "device", "app")
#: What a language calls the way from an error to its cause.
_CAUSES = ("__cause__", "__context__", "cause", "source", "NSUnderlyingErrorKey", "underlying")
#: What a language calls the way out of the program.
_UNCAUGHT = ("auto.excepthook", "auto.uncaughtException", "auto.panic", "auto.uncaught")
#: The type of what ends the program, where that is none of the application's: a panic has a message alone.
_ENDINGS = ("panic",)

_ID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")


def normal(language: Language, scenario: Json, played: Played) -> Json:
    """Of everything that can be compared."""
    events = sorted(played.events, key=lambda event: event["timestamp"])
    ids = {event["event_id"]: number for number, event in enumerate(events, 1)}
    thrown = [step["chain"][0][0] for life in scenario["lives"] for step in life["steps"] if step["op"] == "throw"]
    told = [_event(language, event, thrown) for event in events]
    return {
        "lives": [_life(language, steps["steps"], life, ids) for steps, life in zip(scenario["lives"], played.lives)],
        "events": told,
        "counts": _counts(played.items, ids),
        "reports": _reports(played.items),
    }


def _life(language: Language, steps: list[Json], life: Life, ids: dict[str, int]) -> Json:
    returned: list[Any] = []
    hooked = any("before_send" in step for step in steps)
    for op, result in life.returned:
        told = _result(op, result, ids)
        # Where the hook runs before the call returns there is no id of what it drops; elsewhere it leads nowhere.
        if told is None and hooked and language.hook_on_caller and op.startswith("capture_"):
            told = "unsent"
        _tell(returned, op, told)
    ends = {0: "well", language.uncaught: "uncaught"}
    return {"ends": ends.get(life.code, life.code), "returned": returned}


def _tell(returned: list[Any], op: str, told: Any) -> None:
    """Adds a result: one event after another as `{"events": [2, 101]}`, the same again as how often it was there."""
    last = returned[-1] if returned else [None, None]
    if last[:2] == [op, told]:
        returned[-1] = [op, told, (last[2:] or [1])[0] + 1]
        return
    if op == last[0] and len(last) == 2 and isinstance(last[1], dict) and isinstance(told, dict) and "event" in told:
        start, end = last[1].get("events", [last[1].get("event")] * 2)
        if end is not None and told["event"] == end + 1:
            returned[-1] = [op, {"events": [start, end + 1]}]
            return
    returned.append([op, told])


def difference(expected: Json, found: Json, names: tuple[str, str]) -> str:
    """For people; empty where there is none."""
    lines = [json.dumps(side, indent=1, sort_keys=True, ensure_ascii=False).splitlines() for side in (expected, found)]
    return "\n".join(difflib.unified_diff(*lines, *names, n=6, lineterm=""))


def expected(scenario: Json) -> Json:
    """What the file says, with `{"times": 3, "event": {... "{n}" ...}}` written out."""
    told: Json = scenario["expected"]
    events = []
    for event in told["events"]:
        if set(event) == {"times", "event"}:
            text = json.dumps(event["event"])
            events += [json.loads(text.replace("{n}", str(turn))) for turn in range(1, event["times"] + 1)]
        else:
            events.append(event)
    return {**told, "events": events}


def _result(op: str, result: Any, ids: dict[str, int]) -> Any:
    """An id is the number of its event among those that arrived, or `unsent`."""
    if isinstance(result, list):
        return [_result(op, each, ids) for each in result]
    if isinstance(result, str) and _ID.fullmatch(result):
        return {"event": ids[result]} if result in ids else "unsent"
    if op == "stats":
        # Why the outbox is in memory is said in words.
        # What earlier processes left is sent whenever there is time; that it arrived is seen at the sink.
        recovered = {name: value for name, value in result["recovered"].items() if name != "delivered"}
        told = {**result, "outbox": result["outbox"].partition(":")[0], "recovered": _some(recovered)}
        return _some(told)
    return result


def _some(members: Json) -> Json:
    """Without what is nothing."""
    return {name: value for name, value in members.items() if value not in (0, {}, [], "", None)}


def _event(language: Language, event: Json, thrown: list[str]) -> Json:
    assert event["platform"] == language.platform, f"platform {event['platform']}"
    told = {name: event[name] for name in _AS_SENT if name in event}
    unknown = set(event) - {*_AS_SENT, *_OWN, "exception", "breadcrumbs", "contexts"}
    assert not unknown, f"members of an event that nobody compares: {unknown}"
    told["_meta"] = _without_stacks(told.get("_meta", {}))
    exceptions = event.get("exception", {}).get("values", [])
    if exceptions:
        told["exception"] = [_exception(each, thrown) for each in exceptions]
        told["stack"] = _stack(exceptions[-1])
    if "breadcrumbs" in event:
        crumbs = event["breadcrumbs"]["values"]
        assert all("timestamp" in crumb for crumb in crumbs), "a breadcrumb without a time"
        told["breadcrumbs"] = [{key: crumb[key] for key in crumb if key != "timestamp"} for crumb in crumbs]
    contexts = {name: value for name, value in event.get("contexts", {}).items() if name not in _OWN_CONTEXTS}
    ours = contexts.pop("faultwire", {"fingerprint_version": "v1"})
    assert ours["fingerprint_version"] == "v1", ours
    if "parent_span_id" in contexts.get("trace", {}):
        contexts["trace"] = {**contexts["trace"], "span_id": "new"}
    # Where there are frames, their names are in it.
    told["our_fingerprint"] = "of the stack" if told.get("stack") else ours.get("fingerprint")
    return _some({**told, "contexts": contexts})


def _without_stacks(meta: Json) -> Json:
    """Remarks on what is compared: local variables are Python's alone."""
    exceptions = {}
    for number, remarks in meta.get("exception", {}).get("values", {}).items():
        if rest := {name: value for name, value in remarks.items() if name != "stacktrace"}:
            exceptions[number] = rest
    rest = {name: value for name, value in meta.items() if name != "exception"}
    return {**rest, "exception": {"values": exceptions}} if exceptions else rest


def _exception(told: Json, thrown: list[str]) -> Json:
    mechanism = dict(told.get("mechanism", {}))
    if mechanism.get("source") in _CAUSES:
        mechanism["source"] = "cause"
    if mechanism.get("type") in _UNCAUGHT:
        mechanism["type"] = "uncaught"
    # Where a panic was, which other languages tell as a frame alone.
    mechanism.pop("data", None)
    kind = thrown[0] if thrown and told["type"] in _ENDINGS else told["type"]
    return {"type": kind, "value": told.get("value"), "mechanism": mechanism}


def _stack(raised: Json) -> str:
    """Whether the stack of what was raised says where in the application that was."""
    frames = raised.get("stacktrace", {}).get("frames", [])
    return "in the application" if any(frame.get("in_app") for frame in frames) else "elsewhere" if frames else ""


def _counts(items: list[Json], ids: dict[str, int]) -> list[Json]:
    """Folded occurrences by the full event that they are more of, however many items told of them."""
    rows: dict[int, Json] = {}
    for item in items:
        if item["type"] == "faultwire_counts":
            told = item["payload"]
            assert _ID.fullmatch(told["id"]) and _HASH.fullmatch(told["fingerprint"]) and told["first"] <= told["last"]
            event = ids[told["event_id"]]
            as_sent = {name: told[name] for name in ("release", "environment", "level", "sample_rate")}
            row = rows.setdefault(event, {"of": {"event": event}, "count": 0, **as_sent})
            row["count"] += told["count"]
    return [rows[event] for event in sorted(rows)]


def _reports(items: list[Json]) -> dict[str, int]:
    """Losses that the server was told of, by reason and category."""
    lost: dict[str, int] = collections.Counter()
    for item in items:
        if item["type"] == "client_report":
            for row in item["payload"]["discarded_events"]:
                lost[f"{row['reason']} {row['category']}"] += row["quantity"]
    return dict(sorted(lost.items()))
