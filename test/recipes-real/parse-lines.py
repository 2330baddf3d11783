"""Asks the argument parser of the ms-swift that is installed here whether it takes command lines; no GPU is needed.

Runs in the image of sandbox/images/parsers. First it writes {"version", "commands"}: the names of each command's
arguments. Then one JSON object a line:
    {"command": "megatron sft", "argv": [...], "post": false, "world": 1, "files": {}}
and for each one line back, {"accepted": bool, "text": why not}. What is asked is what the command itself asks (ms-swift:
swift/utils, parse_args; swift/llm/base.py, _parse_args): HfArgumentParser over the command's class, and nothing left over.
With `post` the arguments are also made, which runs the class's __post_init__: in a process of its own that is the only rank of a
gloo group, and is told that the world has `world` ranks. What __post_init__ wants to find on the disk is put there
first: `files` (path -> text), and folders of weights that hold a configuration and no weights. That a GPU can compute in bfloat16
is what it is told.

Megatron, TransformerEngine and what else needs CUDA are inert modules, as in the simulated toolchain. swift.megatron is entered
without its __init__, which would clone Megatron-LM.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import shutil
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
        stand_in("swift.megatron.model", get_megatron_model_meta=lambda *_, **__: inert.Nothing())
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


# Of a process that is a group of its own.
ALONE = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1",
         "MASTER_PORT": "29611", "USE_LIBUV": "0"}
# Options that name folders, by what lies there.
OF_WEIGHTS = {"--model", "--ref_model", "--reward_model", "--teacher_model"}
OF_MEGATRON = {"--load", "--ref_load", "--adapter_load", "--mcore_model", "--mcore_adapter", "--mcore_adapters", "--mcore_ref_model"}
OF_PEFT = {"--adapters", "--resume_from_checkpoint"}
GLM = {"model_type": "glm4_moe", "architectures": ["Glm4MoeForCausalLM"], "num_hidden_layers": 46, "n_routed_experts": 128}
QWEN2 = {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}
CONFIGURATIONS = {
    "glm4_5": GLM,
    "glm4_moe": GLM,
    "qwen2_5": QWEN2,
    "qwen2": QWEN2,
    "qwen3": {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]},
}
# What weights in Megatron's format, and adapters, were made from.
BASE = "/stand-in/GLM-4.5-Air"
BASE_MEGATRON = "/stand-in/GLM-4.5-Air-mcore"


def lay(folder, name, content):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))


def lay_folders(argv):
    """What a line's folders of weights hold beside the weights, as far as __post_init__ looks."""
    kind = argv[argv.index("--model_type") + 1] if "--model_type" in argv else None
    configuration = {**CONFIGURATIONS.get(kind, GLM), "torch_dtype": "bfloat16", "max_position_embeddings": 131072}
    named = {}
    option = ""
    for word in argv:
        option = word if word.startswith("--") else option
        if word != option:
            named.setdefault(option, []).append(word)
    for folder in [BASE] + [folder for option in OF_WEIGHTS for folder in named.get(option, [])]:
        lay(folder, "config.json", configuration)
    for folder in [BASE_MEGATRON] + [folder for option in OF_MEGATRON for folder in named.get(option, [])]:
        lay(folder, "args.json", {"model": BASE, "model_type": kind, "load": BASE_MEGATRON, "train_type": "full", "tuner_type": "full"})
        lay(folder, "latest_checkpointed_iteration.txt", "1")
    for folder in [folder for option in OF_PEFT for folder in named.get(option, [])]:
        lay(folder, "adapter_config.json", {"peft_type": "LORA"})
        lay(folder, "args.json", {"model": BASE, "model_type": kind})


def make(parser, request):
    """Runs the class's __post_init__."""
    import torch.distributed
    from transformers import training_args

    lay_folders(request["argv"])
    for path, text in request.get("files", {}).items():
        lay(*os.path.split(path), text)
    os.environ.update(ALONE)
    WORLD[0] = request.get("world", 1)
    torch.distributed.get_world_size = lambda *_: WORLD[0]
    training_args.is_torch_bf16_gpu_available = lambda: True
    takes_backend = request["command"].startswith("megatron") and not hasattr(parser.dataclass_types[0], "distributed_backend")
    parser.parse_args_into_dataclasses(request["argv"] + (["--ddp_backend", "gloo"] if takes_backend else []))


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
            make(parser, request)
    except Refused as refused:
        return str(refused)
    except SystemExit as ended:
        return f"exit {ended.code}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def apart(known, request):
    """The verdict, found in a child process: __post_init__ changes the environment and the loggers. The disk is as before."""
    named = [word for word in [*request["argv"], *request.get("files", {}), "/stand-in"] if word.startswith("/")]
    absent = [path for path in named if not os.path.exists(path)]
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
    for path in absent:
        shutil.rmtree(path, ignore_errors=True)
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
