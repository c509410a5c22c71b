"""Programs that are full of secrets. `tests/test_secrets.py` runs them and looks for what got out.

    seeds     makes secrets and remembers them; texts that must stay readable too
    search    finds a secret in bytes, in any of its encodings
    plain     captures without a framework
    limits    secrets that stand where something is cut
    web       Flask and FastAPI under real requests
    __main__  runs one scenario in a process of its own and says on stdout what it seeded

No secret stands in a source line here (but for `literals.py`): a traceback shows those too.
"""
