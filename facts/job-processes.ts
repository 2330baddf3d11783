import { quote } from "../remote/shell";
import type { Topic } from "./fact";

/** A process of one of the cluster's jobs, as the kernel tells of it (proc(5)). */
export interface JobProcess {
  readonly job: string;
  /** The run of the job. */
  readonly incarnation: string;
  /** Which of the job's launchers it comes from. */
  readonly launcher: number;
  /** World rank and size, which torchrun gives to its workers and these hand on to their children. */
  readonly rank?: number;
  readonly worldSize?: number;
  /** As the host counts, not the container. */
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Clock ticks after boot: with it a process id means one process. */
  readonly startTicks: number;
  /** Of the main thread: R, S, D (waits for a device), T (stopped), t (held by a debugger), Z (ended, not taken notice of). */
  readonly state: string;
  /** Of all threads together. */
  readonly cpuSeconds: number;
  /** How often the main thread began to run. */
  readonly switches: number;
  /** Bytes that went through read and write, whatever the other end. */
  readonly ioBytes: number;
  /** The kernel function in which the main thread sleeps. */
  readonly waitsIn?: string;
}

/** Data of a job that a peer does not acknowledge. */
export interface SilentPeer {
  readonly job: string;
  readonly address: string;
  readonly connections: number;
  /** How often it was sent again, at most. The pause doubles from 0.2 s each time. */
  readonly retries: number;
}

export interface JobProcesses {
  /** Since boot. Where spans are measured: clocks may jump. */
  readonly uptimeSeconds: number;
  readonly processes: readonly JobProcess[];
  readonly silentPeers: readonly SilentPeer[];
}

/**
 * All processes that carry a job's mark, also those in containers, and children of them that have ended: these have no environment any
 * more. A handful of programs, however many processes there are. A process that goes away in between is left out.
 */
export function jobProcesses(cluster: string): Topic<JobProcesses> {
  return {
    snippet: `echo "uptime $(cut -d' ' -f1 /proc/uptime) $(getconf CLK_TCK 2>/dev/null || echo 100)"
marked=$(grep -lsaE ${quote(`MUSTER_JOB=[^:]*:${cluster}/`)} /proc/[0-9]*/environ | cut -d/ -f3)
[ -n "$marked" ] || exit 0
of() { for pid in $marked; do for file; do echo "/proc/$pid/$file"; done; done; }
grep -szHaE '^(MUSTER_JOB|RANK|WORLD_SIZE)=' $(of environ) | tr '\\0' '\\n'
grep -sHa . $(of stat wchan)
grep -sHaE '^(non)?voluntary_ctxt_switches:' $(of status)
grep -sHaE '^[rw]char:' $(of io)
grep -shE '^[0-9]+ \\(.*\\) Z ' /proc/[0-9]*/stat | sed 's/^/zombie /'
ss -Htnpo state established 2>/dev/null | grep 'timer:(on,'
exit 0`,
    parse(output) {
      const [, uptime, ticks] = /^uptime (\S+) (\d+)$/m.exec(output) ?? [];
      if (uptime === undefined) throw new Error("the host did not say how long it is up");
      const lines = new Map<string, string[]>();
      for (const [, pid = "", line = ""] of output.matchAll(/^\/proc\/(\d+)\/(.*)$/gm)) {
        const of = lines.get(pid);
        if (of) of.push(line);
        else lines.set(pid, [line]);
      }
      const marked = [...lines.values()].flatMap(said => processOf(said.join("\n"), Number(ticks)) ?? []);
      const processes = [...marked, ...zombies(output, marked, Number(ticks))];
      return { uptimeSeconds: Number(uptime), processes, silentPeers: silentPeers(output, processes) };
    },
  };
}

type Kernel = Pick<JobProcess, "pid" | "parent" | "name" | "startTicks" | "state" | "cpuSeconds">;

/** A line of /proc/PID/stat. The name may hold blanks and parentheses. */
function statOf(line: string, ticksPerSecond: number): Kernel | undefined {
  const [, pid, name, rest = ""] = /^(\d+) \((.*)\) (.*)$/.exec(line) ?? [];
  const fields = rest.split(" ");
  if (pid === undefined || name === undefined || fields.length < 20) return undefined;
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    name,
    startTicks: Number(fields[19]),
    state: fields[0] ?? "",
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}

function processOf(said: string, ticksPerSecond: number): JobProcess | undefined {
  const word = (pattern: RegExp) => pattern.exec(said)?.[1];
  const [, job, incarnation, launcher] = /^environ:MUSTER_JOB=([^:]*):[^/]*\/([^:]*):(\d+)\.$/m.exec(said) ?? [];
  const kernel = statOf(word(/^stat:(.*)$/m) ?? "", ticksPerSecond);
  if (job === undefined || incarnation === undefined || !kernel) return undefined;
  const [rank, worldSize] = [word(/^environ:RANK=(\d+)$/m), word(/^environ:WORLD_SIZE=(\d+)$/m)];
  const waitsIn = word(/^wchan:(\w+)$/m);
  const sum = (pattern: RegExp) => [...said.matchAll(pattern)].reduce((all, [, count]) => all + Number(count), 0);
  return {
    job,
    incarnation,
    launcher: Number(launcher),
    ...(rank !== undefined && worldSize !== undefined && { rank: Number(rank), worldSize: Number(worldSize) }),
    ...kernel,
    switches: sum(/^status:\w+:\s+(\d+)$/gm),
    ioBytes: sum(/^io:[rw]char: (\d+)$/gm),
    ...(waitsIn !== undefined && waitsIn !== "0" && { waitsIn }),
  };
}

/** Children that have ended. Whose rank they were their parent may know. */
function zombies(output: string, marked: readonly JobProcess[], ticksPerSecond: number): JobProcess[] {
  return [...output.matchAll(/^zombie (.*)$/gm)].flatMap(([, line = ""]) => {
    const kernel = statOf(line, ticksPerSecond);
    const parent = marked.find(({ pid }) => pid === kernel?.parent);
    if (!kernel || !parent || marked.some(({ pid }) => pid === kernel.pid)) return [];
    const { waitsIn: _waitsIn, ...whose } = parent;
    return [{ ...whose, ...kernel, switches: 0, ioBytes: 0 }];
  });
}

/** `0 5840 10.0.0.1:4711 10.0.0.2:29500 users:(("python3",pid=4711,fd=9)) timer:(on,12sec,6)`, the words of iproute2's ss. */
function silentPeers(output: string, processes: readonly JobProcess[]): SilentPeer[] {
  const found = new Map<string, SilentPeer>();
  for (const [, peer = "", users = "", retries] of output.matchAll(
    /^\d+\s+\d+\s+\S+\s+(\S+):\d+\s+(users:\S+)\s+timer:\(on,[^,]*,(\d+)\)/gm,
  )) {
    const pids = [...users.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
    const job = processes.find(({ pid }) => pids.includes(pid))?.job;
    if (job === undefined || retries === "0") continue;
    const address = peer.replace(/^\[(?:::ffff:)?(.*)\]$/, "$1");
    const known = found.get(`${job} ${address}`);
    found.set(`${job} ${address}`, {
      job,
      address,
      connections: (known?.connections ?? 0) + 1,
      retries: Math.max(known?.retries ?? 0, Number(retries)),
    });
  }
  return [...found.values()];
}
