"""Writes the application that fails: ten modules of five functions, each calling the next, the last raising.

Every frame has locals of the usual kinds, the raising one also what must never be sent. The same in Python, in
JavaScript and in Java; in the last two no SDK looks at locals unless told to, so what must never be sent stands in the
message, too. In Java the raised error has a cause, too, with the same stack.
"""

from __future__ import annotations

from pathlib import Path

MODULES = 10
FUNCTIONS = 5
DEEPEST = MODULES * FUNCTIONS

STEP = '''
def step{i:02d}(n, user):
    """Step {i} of handling an order; these lines are the source context of a frame."""
    order_id = n * 31 + {i}
    label = "step-{i:02d}-of-order-handling"
    items = [order_id, label, {i}.5, None, "sku-{i:02d}-blue-xl"]
    state = {{"user": user, "attempt": n % 3, "ok": True, "region": "eu-west-{module}"}}
'''
PASS_ON = """    # hand over to the next step
    result = {call}(n, user)
    if result is None:
        return order_id
    return [label, items, state, result]
"""
RAISE = """    password = "-".join(["hunter2", "and", "more"])
    card = "".join(["4111", "1111", "1111", "1111"])
    raise OrderError(f"order failed BENCH-{n:06d}-")


class OrderError(Exception):
    pass
"""

JS_STEP = """
function step{i:02d}(n, user) {{
  // Step {i} of handling an order; these lines are the source context of a frame.
  const orderId = n * 31 + {i};
  const label = 'step-{i:02d}-of-order-handling';
  const items = [orderId, label, {i}.5, null, 'sku-{i:02d}-blue-xl'];
  const state = {{ user, attempt: n % 3, ok: true, region: 'eu-west-{module}' }};
"""
JS_PASS_ON = """  // hand over to the next step
  const result = {call}(n, user);
  return result === undefined ? orderId : [label, items, state, result];
}}
"""
JS_RAISE = """  const password = ['hunter2', 'and', 'more'].join('-');
  const card = ['4111', '1111', '1111', '1111'].join('');
  const number = String(n).padStart(6, '0');
  throw new OrderError(`order failed BENCH-${{number}}-: password=${{password}}, card ${{card}} of ${{state.user.email}}`);
}}

class OrderError extends Error {{}}
"""


JAVA_STEP = """
    /** Step {i} of handling an order. */
    static Object step{i:02d}(int n, Map<String, Object> user) {{
        int orderId = n * 31 + {i};
        String label = "step-{i:02d}-of-order-handling";
        List<Object> items = Arrays.asList(orderId, label, {i}.5, null, "sku-{i:02d}-blue-xl");
        Map<String, Object> state = Map.of("user", user, "attempt", n % 3, "ok", true, "region", "eu-west-{module}");
"""
JAVA_PASS_ON = """        Object result = {call}(n, user);
        return result == null ? orderId : List.of(label, items, state, result);
    }}
"""
JAVA_RAISE = """        String password = String.join("-", "hunter2", "and", "more");
        String card = String.join("", "4111", "1111", "1111", "1111");
        String detail = "password=" + password + ", card " + card + " of " + user.get("email");
        try {{
            return Integer.parseInt(label);
        }} catch (NumberFormatException cause) {{
            throw new IllegalStateException(String.format("order failed BENCH-%06d-: ", n) + detail, cause);
        }}
    }}
"""
JAVA_CLASS = """package shop;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

final class Part{module} {{
    private Part{module}() {{}}
"""
JAVA_STEPS = """package shop;

import java.util.Map;

/** A step of handling an order. */
public interface Steps {{
    Object run(int n, Map<String, Object> user);

    /** The step whose call leaves a stack of so many frames of this package. */
    static Steps leaving(int frames) {{
        Steps[] all = {{
{all}
        }};
        return all[Math.max(0, all.length - frames)];
    }}
}}
"""


def write(folder: Path) -> None:
    """Writes package `shop` and its twins `shop-js` and `shop-java` into `folder`."""
    write_python(folder)
    write_node(folder)
    write_java(folder)


def write_java(folder: Path) -> None:
    package = folder / "shop-java" / "shop"
    package.mkdir(parents=True, exist_ok=True)
    for module in range(MODULES):
        text = [JAVA_CLASS.format(module=module)]
        for i in range(module * FUNCTIONS, (module + 1) * FUNCTIONS):
            text.append(JAVA_STEP.format(i=i, module=module))
            call = f"Part{(i + 1) // FUNCTIONS}.step{i + 1:02d}"
            text.append(JAVA_RAISE.format() if i + 1 == DEEPEST else JAVA_PASS_ON.format(call=call))
        (package / f"Part{module}.java").write_text("".join([*text, "}\n"]))
    steps = (f"            Part{i // FUNCTIONS}::step{i:02d}," for i in range(DEEPEST))
    (package / "Steps.java").write_text(JAVA_STEPS.format(all="\n".join(steps)))


def write_node(folder: Path) -> None:
    package = folder / "shop-js"
    package.mkdir(parents=True, exist_ok=True)
    for module in range(MODULES):
        text = ["'use strict';\n"]
        if module + 1 < MODULES:
            text.append(f"const following = require('./part{module + 1}.js');\n")
        steps = range(module * FUNCTIONS, (module + 1) * FUNCTIONS)
        for i in steps:
            call = f"step{i + 1:02d}" if i + 1 in steps else f"following.step{i + 1:02d}"
            text.append(JS_STEP.format(i=i, module=module))
            text.append(JS_RAISE.format() if i + 1 == DEEPEST else JS_PASS_ON.format(call=call))
        text.append(f"module.exports = {{ {', '.join(f'step{i:02d}' for i in steps)} }};\n")
        (package / f"part{module}.js").write_text("".join(text))


def write_python(folder: Path) -> None:
    package = folder / "shop"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    for module in range(MODULES):
        text = [f"from shop import part{module + 1} as following\n"] if module + 1 < MODULES else []
        for k in range(FUNCTIONS):
            i = module * FUNCTIONS + k
            text.append(STEP.format(i=i, module=module))
            call = f"step{i + 1:02d}" if k + 1 < FUNCTIONS else f"following.step{i + 1:02d}"
            text.append(RAISE if i + 1 == DEEPEST else PASS_ON.format(call=call))
        (package / f"part{module}.py").write_text("\n".join(text))


def entry(frames: int) -> tuple[str, str]:
    """Module and function whose call leaves a traceback of `frames` frames, the caller's included."""
    i = DEEPEST - (frames - 1)
    return f"shop.part{i // FUNCTIONS}", f"step{i:02d}"
