"""Shapes of the values that hooks of the application get and give. Imported by type checkers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

Event = dict[str, Any]
"""An event as it goes over the wire, decoded."""

Hint = dict[str, Any]
"""What an event was made of: `exc_info`, the triple of `sys.exc_info()`, where it was an exception."""

Breadcrumb = dict[str, Any]
"""`{"message", "category", "level", "type", "data", "timestamp"}`."""

BeforeSend = Callable[[Event, Hint], Optional[Event]]
BeforeBreadcrumb = Callable[[Breadcrumb], Optional[Breadcrumb]]
ErrorSampler = Callable[[dict[str, Any]], Optional[float]]
