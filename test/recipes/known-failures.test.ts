import { describeFailure, type RankEnd } from "../../provider/muster/kinds/job/diagnosis";
import { diagnose, patternProblem } from "../../provider/muster/kinds/job/known-failure";
import { conversionFailures, trainingFailures } from "../../recipes/ms-swift/known-failures";
import { expectGolden } from "../support/golden";
import { realLog } from "../support/real-run";

const every = [...trainingFailures, ...conversionFailures];

function ended(rank: number, log: string, exitCode = 1): RankEnd {
  return { rank, host: `node-${rank + 1}`, container: "ms", reason: "own", exitCode, log };
}

function told(job: string, ends: readonly RankEnd[], first: number): string {
  const failures = job === "train" ? trainingFailures : conversionFailures;
  return describeFailure(job, ends, first, rank => `node-1:/jobs/${job}/rank-${rank}.log`, failures);
}

describe("what real failures of ms-swift 4.6.0 tell the operator", () => {
  test.each([
    ["train", "unknown-argument"],
    ["train", "world-size"],
    ["train", "batch-size"],
    ["train", "port-in-use"],
    ["train", "duplicate-gpu"],
    ["train", "invalid-device"],
    ["train", "attention-backend"],
    ["convert", "output-exists"],
    ["export", "shard-missing"],
  ])("%s: %s", (job, name) => {
    expect(diagnose(realLog(name), job === "train" ? trainingFailures : conversionFailures)?.name).toBe(name);
    expectGolden(`diagnosis/${name}.txt`, `${told(job, [ended(0, realLog(name))], 0)}\n`);
  });

  test("a rank that was killed is named, not the one that saw it go", () => {
    // As the real wrapper ended: 247 is -9. Its log breaks off among the step lines.
    const ends = [ended(0, realLog("peer-gone")), ended(1, realLog("killed"), 247)];
    expectGolden("diagnosis/killed.txt", `${told("train", ends, 0)}\n`);
  });

  test("a rank that only saw its peer go says so, when nobody knows more", () => {
    expectGolden("diagnosis/peer-gone.txt", `${told("train", [ended(0, realLog("peer-gone"))], 0)}\n`);
  });

  test("a launcher that waits for its peers in silence is recognised, and one that goes on is not", () => {
    expect(diagnose(realLog("peer-awaited"), trainingFailures)?.name).toBe("peer-awaited");
    const warning = "W1123 20:58:01.500 77 torch/distributed/run.py:766] *****\n";
    expect(diagnose(realLog("peer-awaited") + warning, trainingFailures)?.name).toBe("peer-awaited");
    expect(diagnose(`${realLog("peer-awaited")}[INFO:swift] rank: 0\n`, trainingFailures)).toBeUndefined();
  });
});

/** Lines as torch, NCCL and the C library write them: torch 2.6 to 2.11, NCCL 2.20 to 2.30. */
test.each([
  [
    "gpu-memory-full",
    "[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 3 has a total capacity of 79.15 GiB",
  ],
  ["disk-full", "OSError: [Errno 28] No space left on device: '/models/out/iter_0000020/__3_0.distcp'"],
  ["disk-full", "RuntimeError: [enforce fail at inline_container.cc:626] . unexpected pos 704 vs 598"],
  [
    "shared-memory-full",
    "RuntimeError: DataLoader worker (pid 77) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory. Please try to raise your shared memory limit.",
  ],
  [
    "shared-memory-full",
    "Error while creating shared memory segment /dev/shm/nccl-Xy12 (size 9637888), error: No space left on device (28)",
  ],
  ["nccl-versions-differ", "Mismatched NCCL version detected : rank 0 version 22602 rank 8 version 22105"],
  [
    "peer-missing",
    "torch.distributed.DistStoreError: Timed out after 901 seconds waiting for clients. 1/2 clients joined.",
  ],
  [
    "peer-missing",
    "torch.distributed.DistNetworkError: The client socket has timed out after 60000ms while trying to connect to (10.0.0.1, 29500).",
  ],
  ["world-size", "AssertionError: world size (3) is not divisible by total_model_size (total_model_size=2)"],
  ["driver-too-old", "RuntimeError: The NVIDIA driver on your system is too old (found version 12020)."],
])("%s: %s", (name, line) => {
  expect(diagnose(`[INFO:swift] Setting random seeds to 42.\r${line}\n`, trainingFailures)?.name).toBe(name);
});

test("a kill without any word is told from the way it ended", () => {
  expect(told("train", [ended(0, "", 137)], 0)).toContain("killed from outside");
  expect(told("train", [ended(0, "", 3)], 0)).toContain("Remedy: mend the cause");
});

test("a worker that torchrun killed itself is not called killed from outside", () => {
  const report = realLog("invalid-device").replace("exitcode  : -15", "exitcode  : -9");
  expect(report).toContain("exitcode  : -9");
  expect(diagnose(report, trainingFailures)?.name).toBe("invalid-device");
});

test("logs of runs that succeed show no failure", () => {
  for (const name of ["to-mcore", "to-hf", "export-gathered", "merge-lora"]) {
    expect(diagnose(realLog(name), conversionFailures)).toBeUndefined();
  }
  expect(diagnose(realLog("killed"), trainingFailures)).toBeUndefined();
});

test("every pattern is one, and what a sentence fills in is a group of its pattern", () => {
  for (const failure of every) {
    expect(patternProblem(failure)).toBeUndefined();
    for (const [, group] of `${failure.reason}${failure.remedy}`.matchAll(/\{(\w+)\}/g)) {
      expect(failure.pattern).toContain(`(?<${group}>`);
    }
  }
  expect(patternProblem({ pattern: "(" })).toContain("Invalid regular expression");
});
