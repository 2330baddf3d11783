import { until } from "../support/command";
import { edit, muster, output, startMuster, up } from "./muster";
import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");
const node2 = new SimulatedHost("node-2");
const upArguments = ["up", "-s", "dev", "--yes", "--skip-preview", "--json"];

/** Declares another training, with slow steps, so that there is time to harm it. */
function anotherTraining(seed: number): void {
  edit("stacks/dev.yaml", text =>
    text
      .replace(/seed: \d+/, `seed: ${seed}`)
      .replace(/^ {4}env: \{MUSTER_SIM.*\n/m, "")
      .replace(/^ {2}train:\n/m, '  train:\n    env: {MUSTER_SIM_STEP_SECONDS: "0.5"}\n'),
  );
}

/** Process ids on a host of everything that carries the training's mark; `only` picks the ranks themselves. */
async function processes(host: SimulatedHost, only = ""): Promise<number[]> {
  const text = await host.ask(
    `for p in /proc/[0-9]*; do
       e=$(tr '\\0' '\\n' <$p/environ 2>/dev/null) || continue
       case $e in *MUSTER_JOB=train:*) ;; *) continue ;; esac
       ${only === "" ? "" : `case $e in *'${only}'*) ;; *) continue ;; esac`}
       echo "\${p#/proc/}"
     done; true`,
  );
  return text.split("\n").filter(Boolean).map(Number);
}

/** The worker processes: torchrun tells each its LOCAL_RANK. */
const workers = (host: SimulatedHost) => processes(host, "LOCAL_RANK=");

/** Waits until the newest training has logged some steps on its last rank's node. */
async function trainingIsPast(steps: number): Promise<void> {
  await until(
    `the training is past step ${steps}`,
    async () => {
      const run = await node2.sh(
        `cd /data/models/megatron_output/tiny && f=$(ls -td */ | head -1)logging.jsonl && grep -c loss "$f"`,
      );
      return Number(run.stdout.trim()) >= steps && (await workers(node2)).length >= 2 ? true : undefined;
    },
    120,
  );
}

async function isCompleted(step: string): Promise<void> {
  expect(((await output("steps")) as Record<string, string>)[step]).toBe("completed");
}

describe("failure", () => {
  test("a killed rank ends the job on all hosts; the error names rank, host, signal and last lines; the next up trains", async () => {
    anotherTraining(101);
    const run = startMuster(upArguments);
    await trainingIsPast(2);
    const victim = (await workers(node2))[0];
    await node2.ask(`kill -9 ${victim}`);
    const done = await run.finished;
    expect(done.code).toBe(1);
    const said = done.stdout + done.stderr;
    expect(said).toMatch(/rank [23]\b/);
    expect(said).toMatch(/node-2/);
    expect(said).toMatch(/SIGKILL/);
    expect(said).toMatch(/log: node-1:\/var\/lib\/muster\/dev\/jobs\/train\//);
    expect(await processes(node1)).toEqual([]);
    expect(await processes(node2)).toEqual([]);
    await up();
    await isCompleted("train");
  });

  test("ranks that cannot speak are ended too: those of node-1 are stopped when one of node-2 is killed", async () => {
    anotherTraining(102);
    const run = startMuster(upArguments);
    await trainingIsPast(2);
    await node1.ask(`kill -STOP ${(await workers(node1)).join(" ")}`);
    await node2.ask(`kill -9 ${(await workers(node2))[0]}`);
    const done = await run.finished;
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toMatch(/node-2/);
    expect(await processes(node1)).toEqual([]);
    expect(await processes(node2)).toEqual([]);
  });

  test("an operator killed in mid-training: it goes on, the lock says whose it is, and the next up re-attaches", async () => {
    const run = startMuster(upArguments);
    await trainingIsPast(2);
    const before = await workers(node2);
    run.killGroup("SIGKILL");
    expect((await run.finished).code).toBe(137);
    expect(await workers(node2)).toEqual(before);

    const refused = await muster(upArguments);
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(/locked[\s\S]*pid \d+/);
    expect((await muster(["cancel", "-s", "dev", "--yes"])).code).toBe(0);
    const incarnation = await node1.ask(
      'sed -n \'s/.*"incarnation":"\\([^"]*\\)".*/\\1/p\' /var/lib/muster/dev/jobs/train/job.json',
    );
    await up();
    await isCompleted("train");
    expect(
      await node1.ask('sed -n \'s/.*"incarnation":"\\([^"]*\\)".*/\\1/p\' /var/lib/muster/dev/jobs/train/job.json'),
    ).toBe(incarnation);
    expect((await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--expect-no-changes", "--json"])).code).toBe(
      0,
    );
  });
});
