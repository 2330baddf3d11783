"""Faults of a training that a test may ask for, by environment.

MUSTER_SIM_STEP_SECONDS=S   every step takes at least S seconds more
MUSTER_SIM_STALL_RANK=R and MUSTER_SIM_STALL_STEP=K   rank R falls silent for ever as it begins step K (K counts from 1)
"""

import os
import time


class Faults:
    """The faults of one rank."""

    def __init__(self, rank):
        self.step_seconds = float(os.environ.get("MUSTER_SIM_STEP_SECONDS", "0"))
        self.stall_step = int(os.environ.get("MUSTER_SIM_STALL_STEP", "0"))
        self.stalls = os.environ.get("MUSTER_SIM_STALL_RANK") == str(rank)

    def before(self, step):
        """Called as a rank begins a step."""
        while self.stalls and step == self.stall_step:
            time.sleep(3600)
        time.sleep(self.step_seconds)
