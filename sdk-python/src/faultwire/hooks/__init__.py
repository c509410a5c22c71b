"""Hooks into Python itself: one file a hook, each with `setup_once` and `remove`.

Every hook chains to what was there before, exactly; what the application prints and the code it exits
with do not change. A hook that somebody else has wrapped since cannot be taken out of the middle:
`remove` then leaves it in place, and it only passes calls on.
"""
