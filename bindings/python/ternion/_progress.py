# SPDX-License-Identifier: BSD-3-Clause
"""Progress of long work.

An exception must not unwind through C: it is kept, the work is stopped with a negative status, and the exception is
raised again once the library has returned. Ctrl-C is treated the same way. Python would raise KeyboardInterrupt at the
callback's first instruction, before any `try` is reached, and ctypes would print and drop it; so a handler that only
notes it stands in for Python's while the library works.
"""

import signal
import threading
from typing import NamedTuple, Optional

from . import _raw
from ._library import check

_CALLBACK_RAISED = -1


class Progress(NamedTuple):
    """What a progress callback is given: stage, steps done, steps in all (0: not known), current loss (None: there is
    none)."""

    stage: str
    done: int
    total: int
    loss: Optional[float]


class _Interrupt:
    """Notes an interrupt of the main thread and hands it on afterwards, or at once while `inside` the user's
    callback."""

    def __enter__(self):
        self.signal, self.previous, self.inside = None, None, False
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self.previous = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number, frame):
        if self.inside:
            self.previous(number, frame)
        else:
            self.signal = number, frame

    def __exit__(self, *exception):
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)
            if self.signal is not None:
                self.previous(*self.signal)


def call(function, *arguments, progress=None):
    """Calls function(*arguments, callback, context) of the library with a progress callback, None for none."""
    raised = []

    def called(stage, done, total, loss, _context):
        if interrupt.signal is not None:
            return _CALLBACK_RAISED
        if progress is None:
            return 0
        try:
            interrupt.inside = True
            answer = progress(Progress(stage.decode("utf-8", "replace"), done, total, None if loss < 0 else loss))
            return 1 if answer is False else 0
        except BaseException as exception:  # raised again below
            raised.append(exception)
            return _CALLBACK_RAISED
        finally:
            interrupt.inside = False

    callback = _raw.PROGRESS(called)
    with _Interrupt() as interrupt:
        status = function(*arguments, callback, None)
    if raised:
        raise raised[0]
    check(status)
