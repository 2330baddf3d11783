import { edit, muster, output, startMuster, up } from "../acceptance/muster";
import { SimulatedHost } from "../acceptance/simulated-host";
import { until } from "../support/command";

export const node1 = new SimulatedHost("node-1");
export const node2 = new SimulatedHost("node-2");

const flags = ["-s", "dev", "--yes", "--skip-preview"];

const runs = "/data/models/megatron_output/tiny";

/** Folder of the newest run's checkpoints on the hosts. */
export const newestRun = `cd ${runs} && cd "$(ls -td */ | head -1)"`;

/** `up`, left running. */
export function startUp() {
  return startMuster(["up", ...flags]);
}

/** `up` that must fail; all that it said. */
export async function failingUp(): Promise<string> {
  const done = await muster(["up", ...flags]);
  expect(done.code).toBe(1);
  return done.stdout + done.stderr;
}

export { edit, muster, up };

/** Process ids on a host of everything that carries a job's mark and has `variable` in its environment. */
export async function processesOf(host: SimulatedHost, job: string, variable = ""): Promise<number[]> {
  const text = await host.ask(
    `for p in /proc/[0-9]*; do
       e=$(tr '\\0' '\\n' <$p/environ 2>/dev/null) || continue
       case $e in *MUSTER_JOB=${job}:*) ;; *) continue ;; esac
       ${variable === "" ? "" : `case $e in *'${variable}'*) ;; *) continue ;; esac`}
       echo "\${p#/proc/}"
     done; true`,
  );
  return text.split("\n").filter(Boolean).map(Number);
}

/** A training that was declared anew: its folder is one that was not there before. */
export class NewRun {
  private constructor(private readonly before: readonly string[]) {}

  /** Before `up`. */
  static async declared(): Promise<NewRun> {
    return new NewRun(await foldersOn(node2));
  }

  /** Its folder, on every host. */
  async folder(): Promise<string> {
    const made = await until(
      "the training has a folder",
      async () => (await foldersOn(node2)).find(name => !this.before.includes(name)),
      120,
    );
    return `${runs}/${made}`;
  }

  /** Iterations that the last rank has logged, in order. */
  async iterations(): Promise<number[]> {
    const log = `${await this.folder()}/logging.jsonl`;
    const run = await node2.sh(`sed -n 's|.*"iteration": "\\([0-9]*\\)/.*|\\1|p' ${log}`);
    return run.stdout.split("\n").filter(Boolean).map(Number);
  }

  /** Waits until its workers have made so many steps. */
  async isPast(step: number): Promise<void> {
    await until(
      `the training is past step ${step}`,
      async () => {
        const made = await this.iterations();
        const alive = (await processesOf(node2, "train", "LOCAL_RANK=")).length >= 2;
        return alive && (made.at(-1) ?? 0) > step ? true : undefined;
      },
      120,
    );
  }
}

async function foldersOn(host: SimulatedHost): Promise<string[]> {
  return (await host.ask(`ls ${runs}`)).split("\n").filter(Boolean);
}

export async function isCompleted(...steps: string[]): Promise<void> {
  const now = (await output("steps")) as Record<string, string>;
  expect(steps.map(step => `${step} ${now[step]}`)).toEqual(steps.map(step => `${step} completed`));
}

// Other ones each time, or a run that these tests have left would be gone on with.
let seed = Date.now() % 1_000_000;

/** Declares another training, so that it and what follows from it runs anew. `changes` are made to the pipeline's text. */
export function anotherTraining(changes: (text: string) => string = text => text): () => void {
  seed += 1;
  return edit("stacks/dev.yaml", text => changes(text.replace(/seed: \d+/, `seed: ${seed}`)));
}
