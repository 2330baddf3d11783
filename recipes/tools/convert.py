"""Run a weight conversion so that its output is whole or absent, and its precision is enforced.

    convert.py --format mcore|hf|adapter --output FOLDER [--source FOLDER]... [--identity TEXT] [--max-mean-diff N]
               [--result FILE] [--ask] -- COMMAND...

COMMAND is `swift export …` with FOLDER.partial as its --output_dir: it refuses a folder that is there, so a conversion
that died would block the next one. When it has succeeded and said so, the weights are complete and the mean difference
is below the limit, FOLDER.partial gets its name. `--identity` says what the output was made from: an output of the same
identity is kept and nothing runs; one of another identity becomes FOLDER.previous, of which one is kept. `--source` names
what is read: without room for it on the disk and in memory nothing is begun. With `--ask` nothing is done at all: what
stands against a start is printed, a line each, and the exit status is 10. What is not known yet stands against nothing.
Python 3.8 or newer, standard library only.
"""

import argparse
import collections
import json
import os
import re
import shutil
import sys
import time

import dcp
import room
from child import Child, hand_on_signals
from hf import WeightsError, check_hf
from iteration import newest_iteration
from result import finish

MARK = ".muster.json"
# ms-swift 3 prints `mean_diff:`, ms-swift 4 a second line `mean_diff (with loss):`, which is the one to judge.
# At the start of a line only: `token_mean_diff:` is something else.
PRECISION = re.compile(r"^mean_diff(?: \(with loss\))?: (\S+?), max_diff(?: \(with loss\))?: (\S+) \(Please check", re.M)
# Of `swift export` and `megatron export`: "HF model weights" in ms-swift 3, "`safetensors` model weights" in 4, "Megatron model
# weights" in both; a LoRA that was merged without Megatron says the last.
SAVED = re.compile(r"Successfully (?:saved .{1,40} model weights|merged LoRA and saved) in")
ERROR_OF_RANK = re.compile(r"^\[rank\d+\]: [\w.]*(?:Error|Exception)\b: .*$", re.M)
ERROR = re.compile(r"^[\w.]*(?:Error|Exception)\b: .*$", re.M)
NO_MEMORY = re.compile(r"out of memory|OutOfMemoryError", re.I)


class ConversionError(Exception):
    """The conversion failed; the text says why and what helps."""


def run(argv):
    """Exit status and output of the command, shown while it comes."""
    child = Child(argv, reads_output=True)
    hand_on_signals([child])
    kept = collections.deque(maxlen=5000)
    status = child.follow(kept.append)
    return status, "".join(kept).replace("\r", "\n")


def check_precision(text, limit):
    """Both differences; refused above the limit, and when nothing was measured."""
    found = PRECISION.findall(text)
    if not found:
        raise ConversionError("no precision line in the output; did the test run? testPrecision: false leaves it out")
    mean, most = (float(value) for value in found[-1])
    if not mean < limit:
        raise ConversionError(f"mean_diff {mean} is not below {limit}: the converted weights answer differently; is the model type right?")
    return mean, most


def check_mcore(folder):
    """The newest iteration is complete."""
    iteration, _ = newest_iteration(folder)
    metadata = dcp.read_metadata(iteration)
    faults = dcp.incomplete(iteration, metadata)
    if faults:
        raise ConversionError("; ".join(faults))
    return sorted(os.path.join(os.path.basename(iteration), name) for name in metadata.needed)


def check_adapter(folder):
    """A LoRA in PEFT's format."""
    names = ["adapter_config.json", "adapter_model.safetensors"]
    for name in names:
        if not os.path.isfile(os.path.join(folder, name)):
            raise ConversionError(f"{name} is missing in {folder}")
    return names


CHECKS = {"hf": check_hf, "mcore": check_mcore, "adapter": check_adapter}


def marked(folder):
    """The mark of a folder that this program has made whole; None if it has none."""
    mark = os.path.join(folder, MARK)
    if not os.path.isfile(mark):
        return None
    with open(mark, encoding="utf-8") as file:
        return json.load(file)


def existing(options):
    """The mark of an output that may stay, or None if one is to be made."""
    if not os.path.exists(options.output):
        return None
    made = marked(options.output)
    if made is not None:
        return made if made.get("identity") == options.identity else None
    CHECKS[options.format](options.output)
    if options.format != "mcore":
        raise ConversionError(f"{options.output} is there and was not made by muster: move it away, or name another output")
    return {"foundThere": True}


def convert(options):
    """The result. Nothing has the output's name before it is whole."""
    began = time.monotonic()
    kept = existing(options)
    if kept is not None:
        files = CHECKS[options.format](options.output)
        return {**kept, "ok": True, "output": options.output, "skipped": True, "files": files, "bytes": size(options.output, files)}
    partial = options.output.rstrip("/") + ".partial"
    made = marked(partial)
    if made is None or made.get("identity") != options.identity:
        made = make(partial, options)
    files = CHECKS[options.format](partial)
    if os.path.exists(options.output):
        previous = options.output.rstrip("/") + ".previous"
        shutil.rmtree(previous, ignore_errors=True)
        os.rename(options.output, previous)
    os.rename(partial, options.output)
    made["bytes"] = size(options.output, files)
    return {**made, "ok": True, "output": options.output, "skipped": False, "files": files, "seconds": round(time.monotonic() - began, 3)}


def size(folder, files):
    """Bytes of all files together: how long a server may take to read them depends on it."""
    return sum(os.path.getsize(os.path.join(folder, name)) for name in files)


def ask(options):
    """What stands against a start, as far as is known; a source may be made by a step that has not run yet."""
    partial = options.output.rstrip("/") + ".partial"
    try:
        if existing(options) is not None or (marked(partial) or {}).get("identity") == options.identity:
            return []
    except (ConversionError, WeightsError, dcp.CheckpointError) as error:
        return [str(error)]
    try:
        return room.lacks(options.source, options.output)
    except (dcp.CheckpointError, OSError):
        return []


def make(partial, options):
    """Converts into the partial folder, proves it, and marks it as whole: from then on only its name is missing."""
    if os.path.lexists(partial):
        shutil.rmtree(partial)
    faults = room.lacks(options.source, options.output) if options.source else []
    if faults:
        raise ConversionError("; ".join(faults))
    os.makedirs(os.path.dirname(partial), exist_ok=True)
    status, text = run(options.command)
    if status != 0:
        raise ConversionError(explain(status, text, options))
    if "export" in options.command and not SAVED.search(text):
        raise ConversionError(f"{options.command[0]} ended with 0 and did not say that it has saved the weights; see its output above")
    made = {"identity": options.identity}
    if options.max_mean_diff is not None:
        made["meanDiff"], made["maxDiff"] = check_precision(text, options.max_mean_diff)
    CHECKS[options.format](partial)
    # The mark must not reach the disk before the weights do.
    os.sync()
    mark = os.path.join(partial, MARK)
    with open(mark + ".new", "w", encoding="utf-8") as file:
        json.dump(made, file)
    os.replace(mark + ".new", mark)
    return made


def explain(status, text, options):
    """Why the command failed, in a sentence."""
    how = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
    if NO_MEMORY.search(text) or status in (-9, 137):
        advice = "; testPrecision: false needs half of it" if options.max_mean_diff is not None else "; give it more gpus"
        return f"{options.command[0]} {how}: not enough memory{advice}"
    # A rank's own error comes before the launcher's, which only says that there was one.
    errors = ERROR_OF_RANK.findall(text) or ERROR.findall(text)
    return f"{options.command[0]} {how}: {errors[-1] if errors else 'see its output above'}"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--format", choices=sorted(CHECKS), required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--identity", default="")
    parser.add_argument("--max-mean-diff", type=float)
    parser.add_argument("--result")
    parser.add_argument("--ask", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if options.ask:
        faults = ask(options)
        print("\n".join(faults))
        sys.exit(10 if faults else 0)
    try:
        result = convert(options)
    except (ConversionError, WeightsError, dcp.CheckpointError, OSError, ValueError, KeyError) as error:
        result = {"ok": False, "faults": [str(error)]}
    finish(options.result, result)


if __name__ == "__main__":
    main()
