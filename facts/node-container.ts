import { quote } from "../remote/shell";
import { ABSENT, type Topic } from "./fact";

/** The node's container as it is. */
export interface NodeContainer {
  /** Docker's word: running, exited, … */
  readonly status: string;
  /** `sha256:…` */
  readonly imageId: string;
  /** What processes in it really have; absent unless it runs. */
  readonly inside?: InsideContainer;
}

export interface InsideContainer {
  /** KiB that may be locked, which RDMA needs. */
  readonly memlockKib: number | "unlimited";
  /** Files that a process may have open; absent of a shell that does not tell. */
  readonly openFiles?: number | "unlimited";
  /** Size of its /dev/shm. */
  readonly shmMib: number;
  /** GPUs that nvidia-smi lists; absent: it does not answer, and `gpuProblem` says why. */
  readonly gpuCount?: number;
  readonly gpuProblem?: string;
}

/** The container of that name. Absent: there is none. */
export function nodeContainer(name: string): Topic<NodeContainer> {
  const place = quote(name);
  const inside = [
    'echo "memlock $(ulimit -l)"',
    'echo "files $(ulimit -n)"',
    `echo "shm $(df -P -B1 /dev/shm | awk 'END { print $2 }')"`,
    'if ! command -v nvidia-smi >/dev/null; then echo "gpus 0"',
    'elif said=$(timeout 20 nvidia-smi -L 2>&1); then echo "gpus $(echo "$said" | grep -c "^GPU ")"',
    'else echo "lost $(echo "$said" | head -n 1)"; fi',
  ].join("\n");
  return {
    snippet: `command -v docker >/dev/null || exit ${ABSENT}
if ! said=$(timeout 20 docker inspect --type container -f 'found {{.State.Status}} {{.Image}}' ${place} 2>&1); then
  case $said in *'No such container'*) exit ${ABSENT} ;; *) echo "$said"; exit 1 ;; esac
fi
echo "$said"
case $said in 'found running '*) timeout 30 docker exec ${place} sh -c ${quote(inside)} 2>&1 || exit 1 ;; esac`,
    parse(output) {
      const word = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(output)?.[1];
      const [status = "", imageId = ""] = (word("found") ?? "").split(" ");
      if (imageId === "") throw new Error(`docker said: ${output.trim().slice(0, 200)}`);
      const [memlock, shm] = [word("memlock"), word("shm")];
      if (memlock === undefined || shm === undefined) return { status, imageId };
      const files = word("files");
      const [gpus, gpuProblem] = [word("gpus"), word("lost")];
      return {
        status,
        imageId,
        inside: {
          memlockKib: memlock === "unlimited" ? memlock : Number(memlock),
          ...(files !== undefined && files !== "" && { openFiles: files === "unlimited" ? files : Number(files) }),
          shmMib: Math.round(Number(shm) / 2 ** 20),
          ...(gpus !== undefined && { gpuCount: Number(gpus) }),
          ...(gpuProblem !== undefined && { gpuProblem }),
        },
      };
    },
  };
}
