"""The command line of `vllm serve` 0.10.0.

vllm_flags.json holds every flag of that version: its type, choices and short form, read off vLLM's source
(engine/arg_utils.py, config.py, entrypoints/openai/cli_args.py). Types: bool (also as --no-X), flag, int, size (also
as 32k or 1M), float, str, json, append. Underscores in a flag's name are taken as dashes, as vLLM does.
"""

import argparse
import json
import re
from pathlib import Path

SIZES = {"k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}


def size(text):
    """A count of tokens: 32768, 32k (thousands) or 32K (of 1024)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmMgG]?)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"Invalid value {text}.")
    return int(float(found[1]) * SIZES.get(found[2], 1))


def _number(kind):
    def parse(text):
        if text in ("", "None"):
            return None
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"Value {text} cannot be converted to {kind}.") from None

    return parse


TYPES = {"int": _number(int), "float": _number(float), "json": json.loads, "size": size, "str": str}


def parser():
    """The parser, with every default None unless the server needs another."""
    made = argparse.ArgumentParser(prog="vllm serve", usage="vllm serve [model_tag] [options]")
    made.add_argument("model_tag", nargs="?")
    for flag, entry in json.loads(Path(__file__).with_name("vllm_flags.json").read_text()).items():
        names = [flag, *entry.get("short", [])]
        if entry["type"] == "bool":
            made.add_argument(*names, action=argparse.BooleanOptionalAction)
        elif entry["type"] == "flag":
            made.add_argument(*names, action="store_true")
        elif entry["type"] == "append":
            made.add_argument(*names, action="append")
        else:
            extra = {"nargs": "+"} if entry.get("many") else {}
            made.add_argument(*names, type=TYPES[entry["type"]], choices=entry.get("choices"), **extra)
    made.set_defaults(port=8000, tensor_parallel_size=1, pipeline_parallel_size=1, data_parallel_size=1)
    return made


def _dashed(word):
    if not word.startswith("--"):
        return word
    name, mark, value = word.partition("=")
    head, dot, rest = name.partition(".")
    return head.replace("_", "-") + dot + rest + mark + value


def parse(argv):
    """The arguments after `vllm serve`; exits with 2 as argparse does, raises where vLLM raises."""
    words = [_dashed(word) for word in argv]
    if "--model" in words:
        raise ValueError(
            "With `vllm serve`, you should provide the model as a positional argument or in a config file instead of "
            "via the `--model` option."
        )
    args = parser().parse_args(words)
    if args.enable_auto_tool_choice and not args.tool_call_parser:
        raise TypeError("Error: --enable-auto-tool-choice requires --tool-call-parser")
    return args
