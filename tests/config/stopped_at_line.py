"""`stopped_at_line.py N FILES MODULE …` runs a module as a program and sends it SIGTERM at the N-th line.

FILES are ends of paths with a comma between, and only their lines count, from when the program handles the
signal itself: before that the kernel ends it without a word. "Stopped at …" on stderr says how far it came.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from types import FrameType
from typing import Any

NOT_HANDLED = (signal.SIG_DFL, signal.SIG_IGN, None)


def main(wanted: int, files: tuple[str, ...], module: str) -> None:
    seen = 0

    def watch(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.endswith(files):
            return None if event == "call" else watch
        if event == "line" and signal.getsignal(signal.SIGTERM) not in NOT_HANDLED:
            seen += 1
            if seen == wanted:
                sys.settrace(None)
                os.write(2, f"Stopped at {frame.f_code.co_filename}:{frame.f_lineno}\n".encode())
                os.kill(os.getpid(), signal.SIGTERM)
                return None
        return watch

    sys.settrace(watch)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    number, listed, name = sys.argv[1:4]
    sys.argv = sys.argv[3:]
    main(int(number), tuple(listed.split(",")), name)
