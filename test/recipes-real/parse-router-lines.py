"""Asks sglang-router's own argument parsing whether it takes command lines.

    parse-router-lines.py FOLDER    (the unpacked wheel)

JSON from standard input, a list of lines, each a list of words; to standard output as long a list of texts: why a line is refused,
empty if it is accepted. The compiled part of the router and the load balancer in Python, which nothing of this needs, are inert.
"""

import contextlib
import io
import json
import sys
import types


def inert(name, **members):
    module = types.ModuleType(name)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module


def verdict(parse, argv):
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            parse(argv)._validate_router_args()
    except SystemExit:
        return told.getvalue().strip().splitlines()[-1]
    except ValueError as error:
        return f"ValueError: {error}"
    return ""


def main(folder):
    sys.path.insert(0, folder)
    inert("setproctitle")
    inert("sglang_router.sglang_router_rs", get_available_tool_call_parsers=lambda: [])
    inert("sglang_router.mini_lb", MiniLoadBalancer=None)
    inert("sglang_router.router", Router=None)
    from sglang_router.launch_router import parse_router_args

    json.dump([verdict(parse_router_args, argv) for argv in json.load(sys.stdin)], sys.stdout)


main(sys.argv[1])
