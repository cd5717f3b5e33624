"""What all tests share."""

import os
import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the processes that tests interrupt

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as processors: one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")
