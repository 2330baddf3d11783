import { until } from "../support/command";
import { edit, isCompleted, muster, node1, processesOf, startUp, up } from "./run";

const undo: (() => void)[] = [];
afterAll(() => {
  for (const back of undo.reverse()) back();
});

const converted = (folder: string): Promise<string> =>
  node1.ask(`cat /data/models/${folder}/.muster.json 2>/dev/null || echo none`);

describe("a conversion", () => {
  test("that is killed half-way leaves the old weights as they were; the next up converts anew", async () => {
    const before = await converted("tiny-mcore");
    undo.push(
      edit("stacks/dev.yaml", text =>
        text.replace("output: /models/tiny-mcore", "output: /models/tiny-mcore\n    threadCount: 3"),
      ),
    );
    const run = startUp();
    const pids = await until(
      "the conversion has begun to write",
      async () => {
        const there = await node1.sh("[ -d /data/models/tiny-mcore.partial ]");
        return there.code === 0 ? await processesOf(node1, "convert") : undefined;
      },
      120,
    );
    await node1.ask(`kill -9 ${pids.join(" ")}`);
    const done = await run.finished;
    expect(done.code).toBe(1);
    expect(done.stdout + done.stderr).toMatch(
      /job convert failed: rank 0 \(node-1[\s\S]*killed from outside[\s\S]*dmesg/,
    );
    expect(await converted("tiny-mcore")).toBe(before);

    await up();
    await isCompleted("convert", "train", "gather", "export");
    expect(await converted("tiny-mcore")).not.toBe(before);
    expect(await converted("tiny-mcore.previous")).toBe(before);
    await node1.ask("[ ! -e /data/models/tiny-mcore.partial ] && ls /data/models/tiny-mcore/iter_0000001/__0_2.distcp");
  });

  test("that the disk has no room for is refused in the plan, with what it needs", async () => {
    // The container's own small disk; all but 100 KiB of it are taken.
    const shm = "/dev/shm";
    await node1.inContainer(
      `free=$(df --output=avail -k ${shm} | tail -1); head -c $(( (free - 100) * 1024 )) /dev/zero >${shm}/ballast`,
    );
    const back = edit("stacks/dev.yaml", text =>
      text.replace("output: /models/tiny-mcore", `output: ${shm}/tiny-mcore`),
    );
    try {
      const done = await muster(["preview", "-s", "dev", "--json"]);
      expect(done.code).toBe(1);
      expect(done.stdout + done.stderr).toMatch(
        /job convert cannot start: \/dev\/shm has 0\.1 MiB free, the converted weights take .* MiB; delete old checkpoints/,
      );
    } finally {
      back();
      await node1.inContainer(`rm ${shm}/ballast`);
    }
    expect((await muster(["up", "-s", "dev", "--yes", "--skip-preview", "--expect-no-changes", "--json"])).code).toBe(
      0,
    );
  });
});
