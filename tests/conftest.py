"""What all stories share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "conformance"))

from state import state_of_its_own  # noqa: E402, F401
