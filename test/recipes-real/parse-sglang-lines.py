"""Asks sglang's own argument parser whether it takes the options of `sglang.launch_server`.

    parse-sglang-lines.py FOLDER    (the unpacked wheel)

JSON from standard input, a list of lines, each a list of words; to standard output as long a list of texts: why a line is refused,
empty if it is accepted. Real are the parser itself and the modules whose names of parsers are its choices; all else that they
import (torch, the engine) is inert. What ServerArgs checks on a machine with GPUs is not asked.
"""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import sys
import types

REAL = (
    "msgspec",
    "sglang.srt.server_args",
    "sglang.srt.arg_groups",
    "sglang.srt.function_call",
    "sglang.srt.parser",
    "sglang.srt.reasoning_parser",
)


class InertType(type):
    """A class that has every member and can be subclassed, called, joined and indexed."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert

    def __call__(cls, *args, **kwargs):
        return super().__call__() if cls is not Inert else Inert

    def __getitem__(cls, _):
        return Inert

    def __or__(cls, _):
        return Inert

    __ror__ = __or__

    def __add__(cls, other):
        return other

    def __iter__(cls):
        return iter(())

    def __bool__(cls):
        return False


class Inert(metaclass=InertType):
    pass


class InertModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in sys.stdlib_module_names or name.startswith(REAL):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = InertModule(spec.name)
        # Packages on the way to what is real are empty, and lead there.
        module.__path__ = [os.path.join(self.folder, *spec.name.split("."))]
        return module

    def exec_module(self, module):
        pass


def verdict(parser, argv):
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            parser.parse_args(argv)
    except SystemExit:
        return told.getvalue().strip().splitlines()[-1]
    return ""


def main(folder):
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, Finder(folder))
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser(prog="launch_server")
    ServerArgs.add_cli_args(parser)
    json.dump([verdict(parser, argv) for argv in json.load(sys.stdin)], sys.stdout)


main(sys.argv[1])
