"""Modules without content, for argument parsers whose packages import torch and an engine that no parser needs."""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import sys
import types


class InertType(type):
    """A class that has every member, and can be subclassed, called, joined, indexed, compared and entered."""

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

    def __enter__(cls):
        return cls

    def __exit__(cls, *_):
        return False


class Inert(metaclass=InertType):
    def __init_subclass__(cls, **_):
        pass

    def __class_getitem__(cls, _):
        return Inert

    @classmethod
    def __get_pydantic_core_schema__(cls, _source, _handler):
        from pydantic_core import core_schema

        return core_schema.any_schema()


class InertModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of `real` in `folder`, and of every other that is not Python's own one that is inert."""

    def __init__(self, folder, real, members=None):
        self.folder, self.real, self.members = folder, real, members or {}

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in sys.stdlib_module_names or name.startswith(self.real):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = InertModule(spec.name)
        # Packages on the way to what is real are empty, and lead there.
        module.__path__ = [os.path.join(self.folder, *spec.name.split("."))]
        module.__version__ = "0"
        vars(module).update(self.members.get(spec.name, {}))
        return module

    def exec_module(self, module):
        pass


def make_inert(folder, real, members=None):
    """From here on only `real` is what it is. `members`: module name -> what an inert module has all the same."""
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, Finder(folder, real, members))


def judge(parser, after=lambda _: None):
    """
    Lines from standard input, JSON, each a list of words; to standard output as long a list of texts: why a line is refused, empty if
    it is accepted. `after` is asked about what was parsed.
    """
    verdicts = []
    for argv in json.load(sys.stdin):
        told = io.StringIO()
        try:
            with contextlib.redirect_stderr(told):
                after(parser.parse_args(argv))
            verdicts.append("")
        except SystemExit:
            verdicts.append(told.getvalue().strip().splitlines()[-1])
        except (TypeError, ValueError, argparse.ArgumentError) as error:
            verdicts.append(f"{type(error).__name__}: {error}")
    json.dump(verdicts, sys.stdout)
