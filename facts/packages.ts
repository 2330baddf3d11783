import { command, quote } from "../remote/shell";
import { ABSENT, type Topic } from "./fact";

/** Versions of what trains, as the Python that runs the jobs has them. */
export interface Packages {
  readonly python: string;
  /** By their names on PyPI; those that are not installed are left out. */
  readonly versions: Readonly<Record<string, string>>;
  /** Of the library that torch loads: its wheel's, else the system's. */
  readonly nccl?: string;
}

/** Where jobs run: in a running container, or with a Python of the host. */
export type PythonPlace = { readonly container: string } | { readonly python: string };

const NAMES =
  "ms-swift torch transformers megatron-core mcore-bridge transformer-engine flash-attn deepspeed vllm sglang trl peft accelerate datasets numpy";

/** Reads metadata only: an import of torch takes seconds and wakes the GPUs. */
const PROGRAM = `import glob, json, platform
from importlib import metadata
found = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in metadata.distributions() if d.metadata["Name"]}
nccl = [v for n, v in sorted(found.items()) if n.startswith("nvidia-nccl-cu")]
folders = ("/usr/lib/*-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib", "/usr/local/cuda/lib64")
libraries = [p.rsplit(".so.", 1)[1] for f in folders for p in sorted(glob.glob(f + "/libnccl.so.2.*.*"))]
print(json.dumps({"python": platform.python_version(), "versions": {n: found[n] for n in "${NAMES}".split() if n in found},
  "nccl": (nccl + libraries + [None])[0]}))`;

/** What is installed where jobs run. Absent: there is no such place, or its container is not running. */
export function packages(place: PythonPlace | undefined): Topic<Packages> {
  return { snippet: place === undefined ? `exit ${ABSENT}` : snippetOf(place), parse };
}

function snippetOf(place: PythonPlace): string {
  if ("python" in place) {
    const python = quote(place.python);
    return `[ -x ${python} ] || exit ${ABSENT}\ntimeout 20 ${command([place.python, "-B", "-c", PROGRAM])}`;
  }
  const container = quote(place.container);
  return `command -v docker >/dev/null || exit ${ABSENT}
[ "$(timeout 10 docker inspect --type container --format '{{.State.Running}}' ${container} 2>/dev/null)" = true ] || exit ${ABSENT}
timeout 20 docker exec ${container} ${command(["python3", "-B", "-c", PROGRAM])}`;
}

function parse(output: string): Packages {
  const line = output.split("\n").find(each => each.startsWith("{"));
  if (line === undefined) throw new Error(`python said: ${output.trim().slice(-300)}`);
  const { nccl, ...told } = JSON.parse(line) as Omit<Packages, "nccl"> & { readonly nccl: string | null };
  return { ...told, ...(nccl !== null && { nccl }) };
}
