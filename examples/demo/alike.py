"""What the events of one fault in two languages have in common, and what of them was filtered."""

import itertools
from collections.abc import Container

#: What two languages need not agree on, and why.
EXCEPT = {
    "POST /newsletter": {
        "handled": "nothing may fail unhandled after the answer in Node: it would end the process",
        "request": "FastAPI did not read the body, Express did; the connection is closed by then",
        "filtered": "the address is the connection's",
    },
}


def shape(event: dict) -> dict[str, object]:
    """What two languages must agree on: what there is, what of it is hidden, and how it came about."""
    errors = event["exception"]["values"]
    return {
        "parts": sorted(event.keys() - {"platform", "extra", "logger"}),
        "errors": len(errors),
        "stack": all(error["stacktrace"]["frames"] for error in errors),
        "source lines": "context_line" in errors[-1]["stacktrace"]["frames"][-1],
        "handled": errors[-1]["mechanism"]["handled"],
        "request": sorted(event["request"]),
        "headers": sorted(name.lower() for name, _ in pairs(event["request"]["headers"])),
        "user": event.get("user"),
        "contexts": sorted(event["contexts"]),
        "filtered": sorted(filtered(event["request"])),
    }


def pairs(members: object) -> list:
    """The members of an object, or of a list of pairs."""
    return list(members.items()) if isinstance(members, dict) else list(members)  # type: ignore[call-overload]


def filtered(value: object, path: str = "request") -> list[str]:
    """The paths of what was filtered."""
    if isinstance(value, str):
        return [path.lower()] if "[Filtered" in value else []
    if isinstance(value, dict):
        return list(itertools.chain.from_iterable(filtered(member, f"{path}.{key}") for key, member in value.items()))
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(filtered(member, f"{path}[{n}]") for n, member in enumerate(value)))
    return []


def differences(events: list[dict], exceptions: Container[str]) -> list[str]:
    """What the events of one fault differ in, beside what their runtimes do."""
    first, *others = (shape(event) for event in events)
    return [
        f"{name}: {first[name]} in {events[0]['platform']}, {other[name]} in {event['platform']}"
        for event, other in zip(events[1:], others, strict=True)
        for name in first
        if first[name] != other[name] and name not in exceptions
    ]
