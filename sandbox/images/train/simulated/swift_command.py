"""`swift SUBCOMMAND ...`: ms-swift itself, except `swift export --to_mcore` and `--to_hf`, which need Megatron."""

import os
import sys

from simulated import release

REAL = "/opt/swift/bin/swift"
FALSE = {"false", "0", "no", "n", "f"}


def converts(argv):
    """Whether this is one of the two conversions. Only a look: the real parser judges the arguments."""
    if argv[:1] != ["export"]:
        return False
    for place, word in enumerate(argv):
        name, _, value = word.partition("=")
        if name.replace("-", "_") in ("__to_mcore", "__to_hf"):
            after = value or (argv[place + 1] if place + 1 < len(argv) else "true")
            if after.lower() not in FALSE:
                return True
    return False


def main():
    argv = sys.argv[1:]
    if not converts(argv):
        os.execv(REAL, [REAL, *argv])
    print(f"swift export (simulated: the arguments of ms-swift {release.swift()}, real tensors on CPU, no Megatron)", flush=True)
    if release.is_4():
        from simulated.export_4 import main as export
    else:
        from simulated.export import main as export
    export(argv[1:])
