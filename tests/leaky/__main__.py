"""`python -m leaky MODULE SCENARIO OPTIONS-AS-JSON`: runs it against $FAULTWIRE_DSN, with `debug` on."""

import importlib
import json
import sys

import faultwire

from leaky import seeds

module, name, options = sys.argv[1:]
scenario = getattr(importlib.import_module(f"leaky.{module}"), name)
faultwire.init(
    **{
        "debug": True,
        "storm_folding": False,
        "release": "shop@1.0",
        **scenario.options,
        **json.loads(options),
    }
)
scenario()
flushed = faultwire.flush(20)
print(json.dumps({**seeds.told(), "flushed": flushed, "stats": faultwire.stats()}))
