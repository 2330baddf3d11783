import { edit, muster, output, startMuster, up } from "../acceptance/muster";
import { SimulatedHost } from "../acceptance/simulated-host";
import { until } from "../support/command";

export const node1 = new SimulatedHost("node-1");
export const node2 = new SimulatedHost("node-2");

const flags = ["-s", "dev", "--yes", "--skip-preview"];

/** Where a run's checkpoints lie on a host: the newest one. */
export const newestRun = 'cd /data/models/megatron_output/tiny && cd "$(ls -td */ | head -1)"';

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

/** Iterations that the last rank's log of the newest run has, in order. */
export async function iterations(): Promise<number[]> {
  const run = await node2.sh(`${newestRun} && sed -n 's|.*"iteration": "\\([0-9]*\\)/.*|\\1|p' logging.jsonl`);
  return run.stdout.split("\n").filter(Boolean).map(Number);
}

/** Waits until the training has workers and has made so many steps since it was told to. */
export async function isPast(step: number): Promise<void> {
  await until(
    `the training is past step ${step}`,
    async () => {
      const made = await iterations();
      const alive = (await processesOf(node2, "train", "LOCAL_RANK=")).length >= 2;
      return alive && (made.at(-1) ?? 0) > step ? true : undefined;
    },
    120,
  );
}

export async function isCompleted(...steps: string[]): Promise<void> {
  const now = (await output("steps")) as Record<string, string>;
  expect(steps.map(step => `${step} ${now[step]}`)).toEqual(steps.map(step => `${step} completed`));
}

let seed = 500;

/** Declares another training, so that it and what follows from it runs anew. `changes` are made to the pipeline's text. */
export function anotherTraining(changes: (text: string) => string = text => text): () => void {
  seed += 1;
  return edit("stacks/dev.yaml", text => changes(text.replace(/seed: \d+/, `seed: ${seed}`)));
}
