import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  causeLine,
  culprit,
  describeFailure,
  lastLines,
  type RankEnd,
  torchrunRootCause,
} from "../../provider/muster/kinds/job/diagnosis";
import { describeProgress, parseProgress } from "../../provider/muster/kinds/job/progress";

const read = (name: string) => readFileSync(join(__dirname, "../cases/job", name), "utf8");

const KILLED_WORKER = `[rank2]: RuntimeError: [gloo/transport/tcp/pair.cc:525] Read error: Connection reset by peer
E1123 22:22:36.1 36 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -9) local_rank: 1 (pid: 603)
Traceback (most recent call last):
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
Root Cause (first observed failure):
[0]:
  rank      : 3 (local_rank: 1)
  exitcode  : -9 (pid: 603)
`;

function end(rank: number, over: Partial<RankEnd> = {}): RankEnd {
  return { rank, host: `node-${rank + 1}`, container: "ms", reason: "own", exitCode: 1, log: "", ...over };
}

const logPath = (rank: number) => `node-1:/jobs/train/rank-${rank}.log`;

describe("the cause in real logs", () => {
  test("is above torchrun's report", () => {
    expect(causeLine(read("unknown-flag.log"))).toBe("[rank0]: ValueError: remaining_argv: ['--max_epochs', '1']");
    expect(causeLine(read("peer-killed.log"))).toContain("ncclRemoteError");
  });

  test("is not the complaint of a rank that lost a peer, where another one has an error of its own", () => {
    // Lines of ms-swift 3.7.1 on two simulated hosts, after a data loader was killed.
    const log = `[rank2]: RuntimeError: DataLoader worker (pid 7365) is killed by signal: Killed.
[rank3]: RuntimeError: [./gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.84.0.12]:14258
`;
    expect(causeLine(log)).toBe("[rank2]: RuntimeError: DataLoader worker (pid 7365) is killed by signal: Killed.");
    const lost =
      "[rank1]: RuntimeError: [./gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.84.0.12]:31461\n";
    expect(culprit([end(0, { log: lost }), end(1, { log })], 0)?.rank).toBe(1);
  });

  test("may be an error without a rank", () => {
    expect(causeLine(read("invalid-device.log"))).toBe("torch.AcceleratorError: CUDA error: invalid device ordinal");
  });

  test("torchrun's root cause is the first failure, not the worker that it ended itself", () => {
    expect(torchrunRootCause(read("invalid-device.log"))).toEqual({ rank: 1, exitCode: 1, pid: 4899 });
    expect(torchrunRootCause(read("peer-killed.log"))).toEqual({ rank: 0, exitCode: -6, pid: 614 });
    expect(torchrunRootCause("Killed\n")).toBeUndefined();
  });

  test("the last lines leave the report's frame out", () => {
    const lines = lastLines(read("unknown-flag.log"), 3);
    expect(lines).toHaveLength(3);
    expect(lines.join("\n")).not.toContain("ChildFailedError");
    expect(lines[0]).toContain("remaining_argv");
  });
});

describe("the rank to name", () => {
  test("is the one whose worker was killed, not the one that saw its peer go", () => {
    const ends = [end(0, { log: read("peer-killed.log") }), end(1, { log: KILLED_WORKER })];
    expect(culprit(ends, 0)?.rank).toBe(1);
  });

  test("is the one with an error of its own, not the ones that were stopped with it", () => {
    const ends = [end(0, { reason: "stopped", exitCode: undefined }), end(1, { log: read("unknown-flag.log") })];
    expect(culprit(ends)?.rank).toBe(1);
  });

  test("is the first that ended among equals", () => {
    expect(culprit([end(0), end(1)], 1)?.rank).toBe(1);
    expect(culprit([end(0), end(1)])?.rank).toBe(0);
  });

  test("is the one whose channel broke", () => {
    const lost = end(1, { reason: "channel", exitCode: 255 });
    expect(culprit([end(0, { log: read("peer-killed.log") }), lost], 0)?.rank).toBe(1);
  });
});

describe("the error", () => {
  test("names rank, host, worker, signal and log; a peer's complaint is no cause", () => {
    const text = describeFailure("train", [end(0), end(1, { log: KILLED_WORKER })], 0, logPath);
    expect(text).toContain("rank 1 (node-2, container ms)");
    expect(text).toContain("world rank 3 (pid 603), was ended by SIGKILL");
    expect(text).toContain("node-1:/jobs/train/rank-1.log");
    expect(text).not.toContain("cause:");
  });

  test.each([
    [137, "was ended by SIGKILL"],
    [247, "exit code 247 (its child: SIGKILL)"],
    [255, "ended with exit code 255"],
    [3, "ended with exit code 3"],
  ])("tells exit code %d as it is", (exitCode, said) => {
    expect(describeFailure("train", [end(0, { exitCode })], 0, logPath)).toContain(said);
  });
});

describe("progress", () => {
  test("is read from the last step line, behind carriage returns", () => {
    expect(parseProgress(read("progress-megatron.log"))).toEqual({ step: 31, of: 3000, loss: 0.69342154 });
    expect(parseProgress(read("progress-swift.log"))).toEqual({ step: 20, of: 20, loss: 4.17871523 });
    expect(parseProgress("nothing here\n")).toBeUndefined();
  });

  test("is told in one short line", () => {
    expect(describeProgress({ step: 3, of: 20, loss: 6.2117 })).toBe("step 3 of 20, loss 6.212");
    expect(describeProgress(null)).toBe("no step yet");
  });
});
