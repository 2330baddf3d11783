import { hosts } from "./site";

/** *Simulated* all_reduce_perf with MPI: it leaves its arguments and what it was given, and rank 0 prints what the real one does. */
const perf = `#!/bin/sh
# MPI_Init
echo "rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE $NCCL_SOCKET_IFNAME $*" >>/tmp/simulated-nccl-tests
[ "$OMPI_COMM_WORLD_RANK" = 0 ] || exit 0
echo "# nccl-tests version 0.0.0-simulated nccl-headers=22809 nccl-library=22809"
for rank in $(seq 0 $((OMPI_COMM_WORLD_SIZE - 1))); do echo "#  Rank  $rank Group  0 Pid  1 on simulated device  0 [0] simulated"; done
echo "$((\${2%M} * 1048576)) 524288 float sum -1 1.0 1.0 500.0 0 1.0 1.0 500.0 0"
echo "# Out of bounds values : 0 OK"
`;

/** *Simulated* mpirun of Open MPI: starts the ranks by ssh, under the names that it is given. */
const mpirun = `#!/usr/bin/env python3
import os, shlex, subprocess, sys
if "--version" in sys.argv:
    sys.exit(print("mpirun (Open MPI) 0.0.0, simulated"))
parts, part = [], []
for word in [*sys.argv[3:], ":"]:
    if word == ":":
        parts, part = [*parts, part], []
    else:
        part.append(word)
sizes, ranks = [int(part[1]) for part in parts], []
for part, size in zip(parts, sizes):
    host, rest, env = part[3].split(":")[0], part[4:], []
    while rest[0] == "-x":
        env, rest = [*env, rest[1]], rest[2:]
    for _ in range(size):
        env_of_rank = [*env, f"OMPI_COMM_WORLD_RANK={len(ranks)}", f"OMPI_COMM_WORLD_SIZE={sum(sizes)}"]
        argv = ["env", *env_of_rank, *rest]
        here = host == os.uname().nodename
        ranks.append(subprocess.Popen(argv if here else ["ssh", "-x", host, " ".join(map(shlex.quote, argv))]))
sys.exit(max(rank.wait() for rank in ranks))
`;

/** Puts them into the containers of these nodes. */
export async function plantNcclTests(...nodes: readonly string[]): Promise<void> {
  for (const node of nodes)
    for (const [file, text] of Object.entries({ all_reduce_perf: perf, mpirun }))
      await hosts
        .host(node)
        .ask(
          `echo ${Buffer.from(text).toString("base64")} | base64 -d | docker exec -i ms sh -c 'cat >/usr/local/bin/${file} && chmod 755 /usr/local/bin/${file}'`,
        );
}

/** What the ranks on a node were given. */
export async function ncclTestsOn(node: string): Promise<string> {
  return hosts.host(node).ask("docker exec ms cat /tmp/simulated-nccl-tests");
}
