"""The bridge brings an allocator of its own, which must outlive every thread, the one that loaded it first of all."""

from conftest import Run
from sink import Sink

LOADED_BY_A_THREAD_THAT_ENDS = """
import threading

def load():
    global faultwire
    import faultwire
    faultwire.init(storm_folding=False)
    faultwire.capture_exception(ValueError("first"))

def work(number):
    for turn in range(50):
        with faultwire.isolation_scope():
            faultwire.set_tag("work", f"{number}.{turn}")
            faultwire.set_context("large", {"text": "x" * (turn * 100)})
            faultwire.capture_exception(ValueError("later"))

def run(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread

run(load).join()
faultwire.set_tag("who", "main")
faultwire.capture_exception(KeyError("main"))
# Waves, so that threads start where others have ended.
for wave in range(20):
    for thread in [run(work, wave * 4 + number) for number in range(4)]:
        thread.join()
    assert faultwire.flush(20)
stats = faultwire.stats()
assert stats["captured"] == stats["delivered"] == 4002, stats
"""


def test_the_thread_that_loaded_the_library_ends_first(program: Run, sink: Sink) -> None:
    ended = program(LOADED_BY_A_THREAD_THAT_ENDS, dsn=sink.dsn)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert len(sink.events()) == 4002
