"""Inert modules in place of packages that exist only with CUDA.

ms-swift 3.7.1 declares its Megatron arguments in modules that import megatron, transformer_engine and others. A finder
serves empty modules for these names; whatever is looked up in them is a class that does nothing. So ms-swift's own
parser and checks run, and nothing of Megatron does.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types

NAMES = {"megatron", "transformer_engine", "apex", "flash_attn_interface", "mindspeed"}


class _Quiet(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing

    def __iter__(cls):
        return iter(())

    def __or__(cls, other):
        return cls

    def __ror__(cls, other):
        return cls


class Nothing(metaclass=_Quiet):
    """Any class, function or value of an inert module."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Nothing()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __class_getitem__(cls, item):
        return cls


class _Module(types.ModuleType):
    __path__ = []
    __version__ = "0.13.0"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Nothing,), {})
        setattr(self, name, made)
        return made


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in NAMES:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


def install():
    """Serve the inert modules from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def enter(name):
    """Make a package importable without running its __init__ (that of swift.megatron would clone Megatron-LM)."""
    root = importlib.util.find_spec(name.split(".")[0])
    module = types.ModuleType(name)
    module.__path__ = [os.path.join(root.submodule_search_locations[0], *name.split(".")[1:])]
    sys.modules[name] = module
