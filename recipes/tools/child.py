"""Commands that are ended with all their children, and whose output is shown while it comes."""

import os
import signal
import subprocess
import sys


class Child:
    """A running command in a process group of its own: `swift` hands no signal on to the process that does the work.

    Not in a session of its own: by the session the job's supervisor finds programs that overwrite their environment.
    """

    def __init__(self, argv, env=None, reads_output=False):
        self.argv = argv
        taken = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if reads_output else {}
        self.process = subprocess.Popen(argv, env=env, preexec_fn=os.setpgrp, **taken)

    def send(self, number):
        """The signal, to the command and all its children that stayed in its group."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def follow(self, each_line, hides=None):
        """Shows the output, apart from what `hides` is true for, and gives each line to `each_line`. The exit status, negative for a signal."""
        for line in self.process.stdout:
            if hides is None or not hides(line):
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            each_line(line.decode(errors="replace"))
        return self.process.wait()

    def ended(self):
        """How the command ended, in words."""
        status = self.process.poll()
        return f"{self.argv[0]} " + (f"was killed by signal {-status}" if status < 0 else f"ended with {status}")


def hand_on_signals(children, received=None):
    """SIGTERM and SIGINT go to the children; the program ends when they do. `children` may grow. `received` gets the signals."""

    def send(number, _frame):
        if received is not None:
            received.append(number)
        for child in children:
            child.send(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, send)


def exit_status(status):
    """As a shell says it: 128 + n for signal n."""
    return status if status >= 0 else 128 - status
