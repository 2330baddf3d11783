"""`megatron SUBCOMMAND ...`: starts the ranks of this node as ms-swift's command does (swift/cli/main.py of 3.7.1 and 4.6.0).

With NPROC_PER_NODE or NNODES in the environment it runs `python -m torch.distributed.run` with those of the five
variables that are set; otherwise one plain process. As with the real command, a signal to it does not reach the ranks:
end the process group.
"""

import os
import subprocess
import sys

from simulated import release

TITLE = "megatron (simulated: the arguments of ms-swift {}, training on CPU with ms-swift's own parts, no Megatron)"
PROGRAMS_3 = {"sft": "megatron_rank.py"}
PROGRAMS_4 = {"sft": "megatron_rank_4.py", "export": "export_4.py"}
VARIABLES = ["NPROC_PER_NODE", "MASTER_PORT", "NNODES", "NODE_RANK", "MASTER_ADDR"]


def launch(argv, env, python, program):
    """The command line that starts the ranks."""
    if "NPROC_PER_NODE" not in env and "NNODES" not in env:
        return [python, program, *argv]
    flags = [word for name in VARIABLES if name in env for word in (f"--{name.lower()}", env[name])]
    return [python, "-m", "torch.distributed.run", *flags, program, *argv]


def main():
    print(TITLE.format(release.swift()), flush=True)
    argv = sys.argv[1:]
    if argv[:1] == ["--version"]:
        return
    programs = PROGRAMS_4 if release.is_4() else PROGRAMS_3
    if not argv or argv[0] not in programs:
        known = ", ".join(f"`megatron {name}`" for name in programs)
        sys.exit(f"megatron (simulated): simulated are {known}, not: {' '.join(argv[:1]) or '(nothing)'}")
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), programs[argv[0]])
    command = launch(argv[1:], os.environ, sys.executable, program)
    print(f"run sh: `{' '.join(command)}`", flush=True)
    result = subprocess.run(command, check=False)
    if result.returncode != 0:
        sys.exit(result.returncode)
