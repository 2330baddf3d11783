import { quote } from "../../../../remote/shell";
import { OperatorError } from "../../../../wire/operator-error";
import { expectSuccess } from "../../../command-failed";
import type { KindContext } from "../../../kind";

/** Who works in a container. */
export interface Busy {
  /** Names of muster's jobs. */
  readonly jobs: readonly string[];
  /** `PID COMMAND` of processes that use a GPU and belong to no job of ours. */
  readonly gpuProcesses: readonly string[];
}

/**
 * What is alive in a container, by the host's own process table: lines `job NAME` and `gpu PID COMMAND`. Which processes are the
 * container's is told by their cgroup, whose path has the container's id in it (cgroup v1 and v2, both drivers of docker).
 */
export function busyScript(name: string): string {
  return `id=$(docker inspect --type container -f '{{.Id}}' ${quote(name)}) || exit 1
cd /proc || exit 1
pids=$(grep -lsF "$id" [0-9]*/cgroup | cut -d/ -f1)
[ -n "$pids" ] || exit 0
marked=$(for pid in $pids; do echo "$pid/environ"; done | xargs grep -lsaF MUSTER_JOB= | cut -d/ -f1)
for pid in $marked; do
  tr '\\0' '\\n' <"$pid/environ" 2>/dev/null | sed -n 's/^MUSTER_JOB=\\([^:]*\\):.*/job \\1/p'
done | sort -u
command -v nvidia-smi >/dev/null || exit 0
session() { sed 's/.*) //' "$1/stat" 2>/dev/null | cut -d' ' -f4; }
sessions=$(for pid in $marked; do session "$pid"; done | sort -u | tr '\n' ' ')
timeout 30 nvidia-smi --query-compute-apps=pid --format=csv,noheader 2>/dev/null | sort -u | while read -r pid; do
  grep -qsF "$id" "$pid/cgroup" || continue
  # Some programs of a job overwrite their environment; their session tells whose they are.
  case " $sessions" in *" $(session "$pid") "*) continue ;; esac
  echo "gpu $pid $(tr '\\0\\n' '  ' <"$pid/cmdline" | cut -c1-200)"
done
exit 0
`;
}

export function parseBusy(output: string): Busy {
  const after = (word: string) =>
    output
      .split("\n")
      .filter(line => line.startsWith(`${word} `))
      .map(line => line.slice(word.length + 1).trim());
  return { jobs: after("job"), gpuProcesses: after("gpu") };
}

/** Who works in the container and may not be interrupted; empty: nobody, or the operator allowed it. */
export async function whoIsBusy(
  context: KindContext,
  { host, name }: { readonly host: string; readonly name: string },
): Promise<Busy> {
  const what = `ask who works in container ${name}`;
  const answer = expectSuccess(await context.hosts.probe(host).query(busyScript(name)), { host, what });
  const busy = parseBusy(answer.stdout);
  const allowed = (entry: string) => context.allowed("MUSTER_INTERRUPT", entry);
  if (allowed(name)) return { jobs: [], gpuProcesses: [] };
  return { ...busy, jobs: busy.jobs.filter(job => !allowed(job)) };
}

/** @throws OperatorError that names who works in the container and the variable that allows to end it. `doing`: "replaced", "restarted". */
export async function refuseWhenBusy(
  context: KindContext,
  place: { readonly host: string; readonly name: string },
  doing: string,
): Promise<void> {
  const busy = await whoIsBusy(context, place);
  if (busy.jobs.length + busy.gpuProcesses.length > 0) throw busyError(place, busy, doing);
}

export function busyError(
  { host, name }: { readonly host: string; readonly name: string },
  busy: Busy,
  doing: string,
): OperatorError {
  const who = [
    ...busy.jobs.map(job => `job ${job} runs in it`),
    ...busy.gpuProcesses.map(process => `process ${process} uses a GPU, and is no job of muster`),
  ];
  const permission = busy.gpuProcesses.length > 0 ? name : busy.jobs.join(",");
  return new OperatorError({
    summary: `container ${name} is not ${doing}: ${who.join("; ")}`,
    where: `host ${host}`,
    detail: "what runs in it would be lost",
    remedy: `wait until it is done, or allow it: MUSTER_INTERRUPT=${permission} muster up`,
  });
}
