"""Several processes under one: their lines on one screen, and all of them ended with the first that ends.

For the embedded start on one machine. In production the platform (containers, systemd) does this.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO

GRACE_SECONDS = 8.0  # a worker ends the task it has begun; longer than the slowest directory answer
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep: the name on the screen and the command."""

    name: str
    command: Sequence[str]


class Supervisor:
    """Starts programs, prints their lines, and ends them all when one ends or somebody presses Ctrl-C.

    Each program leads a process group of its own, so that Ctrl-C reaches it once and in order, and so that
    its children end with it. Where the kernel can (Linux), a program also ends when this process is killed.
    """

    def __init__(
        self, programs: Sequence[Program], *, environment: Mapping[str, str], out: IO[str] = sys.stdout
    ):
        self._programs = programs
        self._environment = dict(environment)
        self._out = out
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue()
        self._width = max(len(program.name) for program in programs)
        self._stop_signal: int | None = None

    def run(self, *, when_ready: Callable[[], str | None]) -> int:
        """Run until a signal or until the first program ends. Returns 0 after a signal, 1 otherwise.

        `when_ready` is asked again and again until it gives a text to print.
        """
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_signal)
        try:
            for program in self._programs:
                self._start(program)
            self._watch(when_ready)
        finally:
            self._end_all()
        return 0 if self._stop_signal is not None else 1

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_signal = number

    def _start(self, program: Program) -> None:
        process = subprocess.Popen(  # noqa: S603 (the commands are our own)
            list(program.command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        self._running[program.name] = process
        reader = threading.Thread(target=self._read, args=(program.name, process), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _read(self, name: str, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as stream:
            for line in stream:
                self._lines.put((name, line.rstrip("\n")))

    def _watch(self, when_ready: Callable[[], str | None]) -> None:
        is_ready = False
        next_question = 0.0
        while self._stop_signal is None:
            self._print_lines(wait_seconds=0.2)
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended:
                for name in ended:
                    self._say(f"{name} ended by itself (exit status {self._running[name].returncode}).")
                return
            if not is_ready and time.monotonic() >= next_question:
                text = when_ready()
                if text is not None:
                    is_ready = True
                    self._say(text)
                next_question = time.monotonic() + 0.3

    def _end_all(self) -> None:
        """Ask all to end, wait, and kill what is left. A second Ctrl-C changes nothing: the wait is short."""
        if any(process.poll() is None for process in self._running.values()):
            self._say("Stopping …")
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and any(p.poll() is None for p in self._running.values()):
            self._print_lines(wait_seconds=0.1)
        self._signal_all(signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        for reader in self._readers:
            reader.join(timeout=1)
        self._print_lines(wait_seconds=0)
        self._say("Stopped.")

    def _signal_all(self, number: signal.Signals) -> None:
        """To each whole group, also where its leader has ended: a child may have outlived it."""
        for process in self._running.values():
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                continue

    def _print_lines(self, *, wait_seconds: float) -> None:
        try:
            name, line = self._lines.get(timeout=wait_seconds) if wait_seconds else self._lines.get_nowait()
            while True:
                self._out.write(f"{name.ljust(self._width)} | {line}\n")
                name, line = self._lines.get_nowait()
        except queue.Empty:
            self._flush()

    def _say(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._flush()

    def _flush(self) -> None:
        self._out.flush()


def _end_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
