"""Asks the argument parser of the ms-swift that is installed here whether it takes command lines; no GPU is needed.

Runs in the image of sandbox/images/parsers. First it writes {"version", "commands"}: the names of each command's
arguments. Then one JSON object a line:
    {"command": "megatron sft", "argv": [...], "post": false, "env": {}, "world": 1}
and for each one line back, {"accepted": bool, "text": why not}. What is asked is what the command itself asks (ms-swift:
swift/utils, parse_args; swift/llm/base.py, _parse_args): HfArgumentParser over the command's class, and nothing left over.
With `post` the arguments are also made, which runs the class's __post_init__, in a process of its own with `env` and, of 4.x,
a world of `world` ranks.

Megatron, TransformerEngine and what else needs CUDA are inert modules, as in the simulated toolchain. swift.megatron is entered
without its __init__, which would clone Megatron-LM.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import sys
import types

from simulated import inert

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

NEEDS_CUDA = {"mcore_bridge", "megatron_bridge"}
# By first version: name of the command, then modules that may hold its class, then the class.
SWIFT_3 = {
    "swift pt": "TrainArguments",
    "swift sft": "TrainArguments",
    "swift rlhf": "RLHFArguments",
    "swift infer": "InferArguments",
    "swift deploy": "DeployArguments",
    "swift export": "ExportArguments",
}
SWIFT_4 = {**SWIFT_3, "swift pt": "PretrainArguments", "swift sft": "SftArguments"}
MEGATRON_3 = {
    "megatron pt": "MegatronTrainArguments",
    "megatron sft": "MegatronTrainArguments",
    "megatron rlhf": "MegatronRLHFArguments",
    "megatron export": "MegatronExportArguments",
}
MEGATRON_4 = {**MEGATRON_3, "megatron pt": "MegatronPretrainArguments", "megatron sft": "MegatronSftArguments"}


def stand_in(name, **members):
    """A module of swift.megatron that would need Megatron, with just what its argument classes take from it."""
    module = types.ModuleType(name)
    module.__path__ = []
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module


def classes():
    """Version, and the class of each command that this version has."""
    import swift

    version = swift.__version__
    is_4 = int(version.split(".")[0]) >= 4
    found = {}
    plain = importlib.import_module("swift.arguments" if is_4 else "swift.llm")
    for command, name in (SWIFT_4 if is_4 else SWIFT_3).items():
        if hasattr(plain, name):
            found[command] = getattr(plain, name)
    inert.NAMES.update(NEEDS_CUDA)
    inert.install()
    inert.enter("swift.megatron")
    if is_4:
        stand_in("swift.megatron.utils", initialize_megatron=lambda args: setattr(args, "world_size", WORLD[0]))
        import megatron.core

        megatron.core.__version__ = "0.16.1"
    else:
        stand_in("swift.megatron.model", get_megatron_model_meta=lambda *_, **__: None)
    folder = "swift.megatron.arguments" if importlib.util.find_spec("swift.megatron.arguments") else "swift.megatron.argument"
    megatron = importlib.import_module(folder)
    for command, name in (MEGATRON_4 if is_4 else MEGATRON_3).items():
        if hasattr(megatron, name):
            found[command] = getattr(megatron, name)
    return version, found


WORLD = [1]
PARSERS = {}


class Refused(Exception):
    """What argparse would print before it exits."""


def parser_of(command, cls):
    from transformers import HfArgumentParser

    if command not in PARSERS:
        made = HfArgumentParser([cls])

        def refuse(message):
            raise Refused(message)

        made.error = refuse
        PARSERS[command] = made
    return PARSERS[command]


def vllm(argv):
    """Why vLLM 0.10.0 refuses a line; empty if it does not. Its flags are the simulated toolchain's table."""
    from simulated import vllm_arguments

    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            vllm_arguments.parse(argv)
    except SystemExit:
        return told.getvalue().strip().splitlines()[-1]
    except (TypeError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def verdict(known, request):
    """Why a line is refused; empty if it is accepted."""
    command = request["command"]
    if command == "vllm serve":
        return vllm(request["argv"])
    if command not in known:
        return f"there is no {command}"
    parser = parser_of(command, known[command])
    try:
        _, rest = parser.parse_known_args(request["argv"])
        if rest:
            return f"remaining_argv: {rest}"
        if request.get("post"):
            os.environ.update(request.get("env", {}))
            WORLD[0] = request.get("world", 1)
            parser.parse_args_into_dataclasses(request["argv"])
    except Refused as refused:
        return str(refused)
    except SystemExit as ended:
        return f"exit {ended.code}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def apart(known, request):
    """The verdict, found in a child process: __post_init__ changes the environment and the loggers."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            pipe.write(verdict(known, request) or "accepted")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return {"accepted": "", "": "the process ended without a word"}.get(text, text)


def main():
    version, known = classes()
    # A boolean's --no_x twin is the same argument.
    commands = {command: sorted({action.dest for action in parser_of(command, cls)._actions if action.dest != "help"
                                 and action.option_strings[0] == f"--{action.dest}"}) for command, cls in known.items()}
    print(json.dumps({"version": version, "commands": commands}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        text = (apart if request.get("post") else verdict)(known, request)
        print(json.dumps({"accepted": text == "", "text": text[:2000]}), file=answers, flush=True)


main()
