"""Asks sglang's own argument parser whether it takes the options of `sglang.launch_server`: inert.py says how.

    parse-sglang-lines.py FOLDER    (the unpacked wheels of sglang and msgspec)

Real are the parser itself and the modules whose names of parsers are its choices. What ServerArgs checks on a machine with GPUs is
not asked.
"""

import argparse
import sys

import inert

REAL = (
    "msgspec",
    "sglang.srt.server_args",
    "sglang.srt.arg_groups",
    "sglang.srt.function_call",
    "sglang.srt.parser",
    "sglang.srt.reasoning_parser",
)


def main(folder):
    inert.make_inert(folder, REAL)
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser(prog="launch_server")
    ServerArgs.add_cli_args(parser)
    inert.judge(parser)


main(sys.argv[1])
