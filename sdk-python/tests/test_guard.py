"""A bug behind any export of the native module stays there.

Every export checks under its own name whether a test armed it. What is enumerated here is the module
itself: an export without the guard does not go off, and fails its test.
"""

import pytest

from faultwire import _native

# What an export is called with, where that is not nothing. Types must fit: they are looked at before.
ARGUMENTS = {
    "bind_context": (None, None, _native.ScopeCell()),
    "init": ({},),
    "option": ("debug",),
    "add_integration": ("story",),
    "capture_exception": (ValueError("story"),),
    "capture_message": ("story",),
    "capture_event": ({"message": "story"},),
    "explain": ({"message": "story"},),
    "vector": ("message", {}),
    "_arm_panic": ("submit",),
    "set_tag": ("key", "value"),
    "remove_tag": ("key",),
    "set_user": ({"id": "7"},),
    "set_session": ("session",),
    "set_context": ("key", {}),
    "set_extra": ("key", "value"),
    "set_level": ("info",),
    "set_transaction": ("/",),
    "set_fingerprint": (["story"],),
    "continue_trace": ("",),
}

# These have nothing to give instead; their callers know that they raise.
RAISING = ["init", "taken_envelopes", "vector"]

# Made by type objects themselves.
OF_EVERY_CLASS = ["__doc__", "__module__", "__new__"]
# A plain bool, read by code that is not ours.
PLAIN = ["shared"]


def exports():
    for name, value in vars(_native).items():
        if isinstance(value, type) and not issubclass(value, Exception):
            yield pytest.param(name, value, id=name)
            for member, descriptor in vars(value).items():
                if member not in OF_EVERY_CLASS and callable(descriptor):
                    yield pytest.param(member, getattr(value(), member), id=f"{name}.{member}")
        elif callable(value) and not isinstance(value, type) and not name.startswith("__"):
            yield pytest.param(name, value, id=name)


def properties():
    for name, value in vars(_native).items():
        if isinstance(value, type) and not issubclass(value, Exception):
            for member, descriptor in vars(value).items():
                if member not in [*OF_EVERY_CLASS, *PLAIN] and not callable(descriptor):
                    yield pytest.param(value(), member, id=f"{name}.{member}")


@pytest.fixture(autouse=True)
def disarmed():
    yield
    _native._arm_panic("")


@pytest.mark.parametrize(("name", "export"), [*exports()])
def test_a_bug_behind_an_export_stays_there(name, export, capfd):
    arguments = ARGUMENTS.get(name, ())
    _native._arm_panic(name)
    if name in RAISING:
        with pytest.raises(_native.InternalError) as raised:
            export(*arguments)
        assert (raised.value.kind, raised.value.field) == ("internal", "")
    else:
        export(*arguments)
    assert not _native._arm_panic(""), "the export has no guard of its name"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("owner", "name"), [*properties()])
def test_a_bug_behind_a_property_stays_there(owner, name, capfd):
    _native._arm_panic(name)
    getattr(owner, name)
    assert not _native._arm_panic(f"set_{name}"), "the getter has no guard of its name"
    try:
        setattr(owner, name, None)
    except AttributeError:
        return  # There is no setter.
    assert not _native._arm_panic(""), "the setter has no guard of its name"
    assert capfd.readouterr() == ("", "")


def test_what_exports_are_found():
    """The two lists above are not empty by a mistake of their own."""
    names = {parameter.id for parameter in [*exports(), *properties()]}
    assert {"init", "capture_exception", "ScopeCell", "ScopeCell.set_tag", "ScopeCell.request_source"} <= names
    assert not names & {"FaultwireError", "ScopeCell.shared"}


def test_what_a_bug_leaves_is_of_use():
    """The application goes on with what it gets: of the right shape, and empty."""

    def with_a_bug(export, *arguments):
        _native._arm_panic(export.__name__)
        return export(*arguments)

    cell = with_a_bug(_native.ScopeCell)
    cell.set_tag("still", "works")
    cell.last_event_id = "7"
    assert cell.shared and cell.last_event_id == "7" and cell.request_source is None
    stats = with_a_bug(_native.stats)
    assert stats.keys() == _native.stats().keys() and stats["captured"] == 0
    assert with_a_bug(_native.explain, {"message": "x"}) == {}
    assert with_a_bug(_native.option, "debug") is None
    assert with_a_bug(_native.flush, 0.0) is False and with_a_bug(_native.close, 0.0) is False
