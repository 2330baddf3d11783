"""Lines by which the programs of the gate tell what they have found: the job's logs bring them to the operator."""

import json
import os

MARK = "muster-gate"


def tell(event, **facts):
    """One finding, of the node that MUSTER_NODE names."""
    print(MARK, json.dumps({"event": event, "node": os.environ.get("MUSTER_NODE", ""), **facts}), flush=True)


def phase(text):
    """What this rank is about to do; told by fabric.py if it never ends."""
    print(f"{MARK}-phase {text}", flush=True)
