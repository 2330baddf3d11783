"""How the tools end: one JSON object on standard output and in the result file, faults on standard error, an exit status."""

import json
import os
import sys


def write_result(path, result):
    """The file appears whole or not at all."""
    text = json.dumps(result, ensure_ascii=False)
    if path:
        with open(path + ".partial", "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(path + ".partial", path)
    print(text, flush=True)


def finish(path, result):
    """Writes the result, tells its faults, and ends the program: 0 only if it is ok."""
    write_result(path, result)
    for fault in result.get("faults", []):
        print(f"error: {fault}", file=sys.stderr)
    sys.exit(0 if result["ok"] else 1)
