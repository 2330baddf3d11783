import { until } from "../support/command";
import { edit, output, startMuster, up } from "./muster";
import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");
const upArguments = ["up", "-s", "dev", "--yes", "--skip-preview"];

/** Another training, slowed down so that there is time to harm it. */
function anotherTraining(seed: number, environment: Record<string, string> = {}): void {
  edit("stacks/dev.yaml", text => {
    const env = Object.entries({ MUSTER_SIM_STEP_SECONDS: "1", ...environment }).map(([k, v]) => `${k}: "${v}"`);
    return text
      .replace(/^ {6}seed: .*\n/m, "")
      .replace(/^ {4}env: \{MUSTER.*\n/m, "")
      .replace(/^ {2}train:\n/m, `  train:\n    env: {${env.join(", ")}}\n`)
      .replace(/^ {4}args:\n/m, `    args:\n      seed: ${seed}\n`);
  });
}

/** Worker processes of the training in a node's container: the ranks, not their launcher. */
async function workers(host: SimulatedHost): Promise<number[]> {
  const text = await host.ask(
    "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -q '^MUSTER_JOB=train:' && tr '\\0' '\\n' <$p/environ | grep -q '^LOCAL_RANK=' && echo ${p#/proc/}; done; true",
  );
  return text.split("\n").filter(Boolean).map(Number);
}

/** All processes of the training on a host, launcher and supervisor's shells too. */
async function leftovers(host: SimulatedHost): Promise<string> {
  return host.ask(
    "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -q '^MUSTER_JOB=train:' && tr '\\0' ' ' <$p/cmdline; done; true",
  );
}

async function training(steps: number): Promise<void> {
  await until(
    `the training is past step ${steps}`,
    async () => {
      const done = await node2.sh("cat /data/output/*/logging.jsonl 2>/dev/null | grep -c loss");
      return Number(done.stdout.trim()) >= steps ? true : undefined;
    },
    120,
  );
}

describe("failure", () => {
  test("a killed rank ends the job on all hosts; the error names rank, host, signal and last lines; the next up trains", async () => {
    await node2.ask("rm -f /data/output/*/logging.jsonl");
    anotherTraining(101);
    const run = startMuster([...upArguments, "--json"]);
    await training(1);
    const [victim] = await workers(node2);
    await node2.ask(`kill -9 ${victim}`);
    const done = await run.finished;
    expect(done.code).toBe(1);
    const said = done.stdout + done.stderr;
    expect(said).toMatch(/rank [23]/);
    expect(said).toMatch(/node-2/);
    expect(said).toMatch(/SIGKILL|signal 9/);
    expect(await leftovers(node1)).toBe("");
    expect(await leftovers(node2)).toBe("");
    await up();
    expect(((await output("steps")) as Record<string, string>).train).toBe("completed");
  });
});
