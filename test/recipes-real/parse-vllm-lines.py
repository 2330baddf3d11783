"""Asks vLLM's own argument parser whether it takes the words behind `vllm serve`: inert.py says how.

    parse-vllm-lines.py FOLDER    (the unpacked wheel of vLLM, and what makes its parser installed beside it)

Real are the parser, the configuration classes of whose fields it is made, and the names of tool-call and reasoning parsers. The
platform says that it is CUDA. What an engine checks against its model and its GPUs is not asked.
"""

import importlib.metadata
import sys

import inert

LIBRARIES = ("pydantic", "annotated_types", "typing_inspection", "typing_extensions", "regex", "_regex", "cloudpickle", "packaging")
REAL = (
    *LIBRARIES,
    "vllm.config",
    "vllm.engine.arg_utils",
    "vllm.entrypoints.chat_utils",
    "vllm.entrypoints.openai.cli_args",
    "vllm.entrypoints.openai.serving_models",
    "vllm.entrypoints.openai.tool_parsers",
    "vllm.envs",
    "vllm.reasoning",
    "vllm.tool_parsers",
    "vllm.utils",
)


class Cuda(inert.Inert):
    device_type = "cuda"


def main(folder):
    inert.make_inert(folder, REAL, {"vllm.platforms": {"current_platform": Cuda}})
    # vLLM asks which torch there is; none is.
    importlib.metadata.version = lambda _: "2.7.0"
    from vllm.entrypoints.openai.cli_args import make_arg_parser, validate_parsed_serve_args

    try:
        from vllm.utils.argparse_utils import FlexibleArgumentParser
    except ImportError:
        from vllm.utils import FlexibleArgumentParser
    inert.judge(make_arg_parser(FlexibleArgumentParser(prog="vllm serve")), validate_parsed_serve_args)


main(sys.argv[1])
