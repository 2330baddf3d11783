"""Find the newest checkpoint of a training, and hand it on.

    newest.py --folder FOLDER --has tracker|weights|adapter -- COMMAND...
    newest.py --folder FOLDER --has weights|adapter --output_dir OUTPUT

A training writes checkpoint-K folders, and which one is the last is known only when it is done. The first form becomes
COMMAND, with each word that is FOLDER replaced by the checkpoint. The second form gives the weights of the checkpoint to
OUTPUT, by hard links where the disk allows it: a training that saves Hugging Face weights itself needs no conversion.
`tracker`: Megatron's weights. `weights`: whole ones in safetensors files, merged ones first. `adapter`: a LoRA.
Python 3.8 or newer, standard library only.
"""

import argparse
import os
import re
import shutil
import sys

import dcp
from iteration import newest_iteration, numbered

CHECKPOINT = r"checkpoint-(\d+)(?:-merged)?$"
# State of the training and Megatron's shards: a server needs neither.
LEFT_OUT = re.compile(
    r"(iter_\d+|global_step\d+|optimizer\.|scheduler\.|rng_state|trainer_state\.json|training_args\.bin|zero_to_fp32\.py|"
    r"latest$|latest_checkpointed_iteration\.txt|\.muster)"
)


def names(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []


def has_weights(folder):
    found = names(folder)
    return "config.json" in found and any(re.match(r"model.*\.safetensors$", n) for n in found)


def has_adapter(folder):
    return {"adapter_config.json", "adapter_model.safetensors"} <= set(names(folder))


HAS = {"weights": has_weights, "adapter": has_adapter}


def newest(folder, kind):
    """The folder itself if it is a checkpoint, else the one of the highest number. Not by time, and 10 is above 9."""
    if kind == "tracker":
        return os.path.dirname(newest_iteration(folder)[0])
    # Of one number the longer name is the later one: merged weights come after their adapter's.
    checkpoints = numbered(folder, CHECKPOINT)[::-1]
    for place in [folder, *(os.path.join(folder, name) for name in checkpoints)]:
        if HAS[kind](place):
            return place
    seen = ", ".join(checkpoints) or "no checkpoint-K"
    raise dcp.CheckpointError(f"no {kind} in {folder}: found {seen}; has the training saved one, on this node?")


def take(source, output):
    """Links, or copies, the weights and what belongs to them."""
    os.makedirs(output)
    for name in sorted(names(source)):
        path = os.path.join(source, name)
        if LEFT_OUT.match(name) or not os.path.isfile(path):
            continue
        target = os.path.join(output, name)
        try:
            os.link(os.path.realpath(path), target)
        except OSError:
            shutil.copy2(path, target)
    print(f"took {source}", flush=True)


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--has", choices=["tracker", *sorted(HAS)], required=True)
    parser.add_argument("--output_dir")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    if (options.output_dir is None) != bool(options.command):
        parser.error("either --output_dir or a command")
    try:
        found = newest(options.folder, options.has)
    except dcp.CheckpointError as error:
        sys.exit(f"CheckpointError: {error}")
    if options.output_dir is not None:
        take(found, options.output_dir)
        return
    command = [found if word == options.folder else word for word in options.command]
    print(f"newest checkpoint: {found}", flush=True)
    # In place of this process, so that a signal reaches the command.
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
