import {
  anotherTraining,
  failingUp,
  isCompleted,
  isPast,
  iterations,
  newestRun,
  node1,
  node2,
  processesOf,
  startUp,
  up,
} from "./run";

const undo: (() => void)[] = [];
afterAll(() => {
  for (const back of undo.reverse()) back();
});

describe("a training", () => {
  test("of which a rank is killed goes on from its last checkpoint with the next up", async () => {
    undo.push(
      anotherTraining(text =>
        text
          .replace(/saveEverySteps: \d+/, "saveEverySteps: 5")
          .replace(/^ {2}train:\n/m, '  train:\n    env: {MUSTER_SIM_STEP_SECONDS: "0.7"}\n'),
      ),
    );
    const run = startUp();
    await isPast(6);
    await node2.ask(`kill -9 ${(await processesOf(node2, "train", "LOCAL_RANK="))[0]}`);
    const done = await run.finished;
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toMatch(/node-2[\s\S]*killed from outside/);
    const before = await iterations();
    const saved = Number(await node1.ask(`${newestRun} && cat latest_checkpointed_iteration.txt`));
    expect(saved).toBeGreaterThanOrEqual(5);

    await up();
    await isCompleted("train", "gather", "export");
    // Not a step before the checkpoint is made twice, none after it is left out.
    const after = (await iterations()).slice(before.length);
    expect(after).toEqual(Array.from({ length: 20 - saved }, (_, index) => saved + 1 + index));
    for (const rank of [0, 1]) {
      const log = await node1.ask(`cat /var/lib/muster/dev/jobs/train/rank-${rank}.log`);
      expect(log).toMatch(new RegExp(`going on from /models/megatron_output/tiny/\\w+/iter_0*${saved}\\b`));
    }
    expect(await node1.ask(`${newestRun} && cat latest_checkpointed_iteration.txt`)).toBe("20");
  });

  test("whose port somebody else listens on says so, with the remedy", async () => {
    const listener =
      "nohup python3 -c 'import socket, time; s = socket.create_server((\"\", 29500)); time.sleep(600)' >/dev/null 2>&1 & echo $!";
    const pid = await node1.inContainer(listener);
    undo.push(anotherTraining());
    try {
      expect(await failingUp()).toMatch(
        /why: another process listens on port 29500[\s\S]*ss -ltnp 'sport = :29500'[\s\S]*network\.masterPort/,
      );
    } finally {
      await node1.inContainer(`kill ${pid}`);
    }
    await up();
    await isCompleted("train", "gather", "export");
  });
});
