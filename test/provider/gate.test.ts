import { InitFailed } from "../../provider/kind";
import { gate } from "../../provider/muster/kinds/gate/gate";
import { type GateInputs, type GateOutputs, jobOf, runDigest } from "../../provider/muster/kinds/gate/inputs";
import { identityDigest } from "../../provider/muster/kinds/job/identity";
import { FakeHosts } from "../../remote/fake";
import { kindContext } from "../support/kind-context";

const nodes = ["node-1", "node-2"];

function inputs(over: Partial<GateInputs> = {}): GateInputs {
  return {
    name: "gate",
    nodes,
    ranksPerNode: 1,
    sizesMib: [8, 1024],
    masterPort: 29500,
    ranks: nodes.map(host => ({ host, container: "ms", argv: ["python3", "fabric.py"], env: {} })),
    identity: { image: "x:1" },
    transportEnv: { "node-1": { NCCL_SOCKET_IFNAME: "=eth0" } },
    incarnations: { "node-1": "c1", "node-2": "c2" },
    consumer: { train: "run-1" },
    claims: nodes.map(host => ({ host, gpus: [0] })),
    mayStop: ["serve"],
    waitSeconds: 60,
    expectsRdma: false,
    tolerancePercent: 20,
    ...over,
  };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const said = (busbwGBps: number): string =>
  `muster-gate ${JSON.stringify({
    ...{ event: "measured", node: "node-1", backend: "nccl", ranks: 2, pairs: [] },
    rows: [{ sizeMib: 1024, busbwGBps, wrong: 0 }],
  })}\n`;

/** The record of a run on the first host. */
function record(of: GateInputs, run: string, log: string, end = "completed 1000000009 - - -", age = 5): string {
  const job = jobOf(of);
  const kept = {
    ...{ job: "gate", identityDigest: identityDigest(job), incarnation: run, mode: "completed" },
    ranks: job.ranks,
  };
  return [
    `record ${base64(JSON.stringify(kept))}`,
    ...["started 1000000000", `age ${age}`, "supervised", `done ${end}`],
    ...["rank 0 started", `rank 0 log ${base64(log)}`, "rank 1 started"],
  ].join("\n");
}

/** Hosts on which a start of the gate gives `log`; what was there before is `before`. */
function hostsWith(
  of: GateInputs,
  log: string,
  { before = "absent", end = undefined as string | undefined } = {},
): FakeHosts {
  let runs = 0;
  let there = before;
  return new FakeHosts()
    .query(/job\.json/, () => there)
    .query(/MUSTER_JOB=gate/, "")
    .query(/holder/, "")
    .mutate(/^(stop job|prove|claim|release)/)
    .mutate("remove the record of gate", () => {
      there = "absent";
      return "";
    })
    .mutate("start job gate", () => {
      runs += 1;
      there = record(of, `run-${runs}`, log, end);
      return "";
    });
}

const starts = (hosts: FakeHosts): number => hosts.mutations.filter(line => line.endsWith("start job gate")).length;

async function passed(of = inputs(), busbwGBps = 10): Promise<GateInputs & GateOutputs> {
  const { state } = await gate.create(kindContext(hostsWith(of, said(busbwGBps))), of);
  return { ...of, ...state };
}

async function failed(promise: Promise<unknown> | undefined): Promise<InitFailed<GateOutputs>> {
  const error = await promise?.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InitFailed)) throw error ?? new Error("it did not fail");
  return error as InitFailed<GateOutputs>;
}

test("a gate that passes keeps what it measured as the baseline, and is not due again", async () => {
  const old = await passed();
  expect(old).toMatchObject({
    status: "passed",
    faults: [],
    incarnation: "run-1",
    baseline: { nodes, ranks: 2, sizeMib: 1024, busbwGBps: 10 },
  });
  expect(gate.diff?.(old, inputs())).toEqual([]);
  const hosts = hostsWith(inputs(), said(1));
  await gate.update?.(kindContext(hosts), "gate", inputs(), old);
  expect(hosts.calls).toEqual([]);
});

test("a run that another operator has left is judged and not repeated", async () => {
  const hosts = hostsWith(inputs(), said(1), { before: record(inputs(), "theirs", said(10)) });
  const { state } = await gate.create(kindContext(hosts), inputs());
  expect([state.status, state.incarnation, starts(hosts)]).toEqual(["passed", "theirs", 0]);
});

test.each([7200, -60])(
  "what was measured %i s ago says nothing of now: an operator was killed, and came back",
  async age => {
    const hosts = hostsWith(inputs(), said(7), { before: record(inputs(), "long-ago", said(10), undefined, age) });
    const { state } = await gate.create(kindContext(hosts), inputs());
    expect([state.incarnation, state.measured?.rows[0]?.busbwGBps, starts(hosts)]).toEqual(["run-1", 7, 1]);
  },
);

describe("runs again", () => {
  test.each<[string, Partial<GateInputs>]>([
    ["other nodes", { nodes: ["node-1", "node-3"] }],
    ["another image", { identity: { image: "x:2" } }],
    ["another network plan", { transportEnv: { "node-1": { NCCL_SOCKET_IFNAME: "=eth1" } } }],
    ["new containers", { incarnations: { "node-1": "c1", "node-2": "c3" } }],
    ["a request", { trigger: "2026-11-26" }],
  ])("for %s", async (_what, over) => {
    const [old, news] = [await passed(), inputs(over)];
    const hosts = hostsWith(news, said(9));
    expect(await gate.update?.(kindContext(hosts), "gate", news, old)).toMatchObject({ status: "passed" });
    expect(starts(hosts)).toBe(1);
  });

  test("after it has failed, although its record is there", async () => {
    const of = inputs({ floorGBps: 5 });
    const first = await failed(gate.create(kindContext(hostsWith(of, said(1))), of));
    expect(first.state).toMatchObject({ status: "failed", baseline: null, incarnation: "run-1" });
    const old = { ...of, ...first.state };
    expect(gate.diff?.(old, of)).toEqual([{ path: "status", mode: "update", replace: false, inputDiff: false }]);
    const hosts = hostsWith(of, said(10), { before: record(of, "run-1", said(1)) });
    expect(await gate.update?.(kindContext(hosts), "gate", of, old)).toMatchObject({ status: "passed" });
    expect(hosts.mutations).toContain("node-1: remove the record of gate");
    expect(starts(hosts)).toBe(1);
  });

  test("not for another floor or tolerance: what was measured is judged anew", async () => {
    const old = await passed();
    const hosts = new FakeHosts();
    const strict = inputs({ floorGBps: 11 });
    const error = await failed(gate.update?.(kindContext(hosts), "gate", strict, old));
    expect(error.reasons[0]).toMatch(/below the floor of 11 GB\/s/);
    expect(await gate.update?.(kindContext(hosts), "gate", inputs({ floorGBps: 9 }), old)).toMatchObject({
      status: "passed",
    });
    expect(hosts.calls).toEqual([]);
  });
});

describe("the baseline", () => {
  const asked = inputs({ trigger: "again" });

  test("fails a slower run, and stays what it was", async () => {
    const error = await failed(gate.update?.(kindContext(hostsWith(asked, said(7.9))), "gate", asked, await passed()));
    expect(error.reasons[0]).toMatch(
      /no job that waits for it is started: the way between node-1 and node-2.*20 % below/,
    );
    expect(error.state.baseline?.busbwGBps).toBe(10);
  });

  test("is told to the ranks, which look at the pairs by themselves below it", async () => {
    const hosts = hostsWith(asked, said(9));
    await gate.update?.(kindContext(hosts), "gate", asked, await passed());
    const start = hosts.calls.find(call => call.what === "start job gate");
    const launch = /^rank-0\.launch (.*)$/m.exec(start?.stdin ?? "")?.[1] ?? "";
    expect(Buffer.from(launch, "base64").toString()).toContain("MUSTER_GATE_LEAST_GBPS=8\n");
  });

  test("is not raised by a faster run, and renewed when the operator says so", async () => {
    const old = await passed();
    const busbw = async (value: number, allowed: string[] = []) =>
      (await gate.update?.(kindContext(hostsWith(asked, said(value)), allowed), "gate", asked, old))?.baseline
        ?.busbwGBps;
    expect(await busbw(12)).toBe(10);
    expect(await busbw(5, ["gate"])).toBe(5);
    const strict = { ...asked, floorGBps: 6 };
    const shut = gate.update?.(kindContext(hostsWith(strict, said(5)), ["gate"]), "gate", strict, old);
    expect((await failed(shut)).state.baseline?.busbwGBps).toBe(10);
  });

  test("of other nodes is no measure", async () => {
    const other = inputs({ nodes: ["node-1", "node-3"] });
    const done = await gate.update?.(kindContext(hostsWith(other, said(3))), "gate", other, await passed());
    expect(done?.baseline).toMatchObject({ nodes: ["node-1", "node-3"], busbwGBps: 3 });
  });
});

describe("while a job has the GPUs", () => {
  const holding = (hosts: FakeHosts, job: string) =>
    hosts.query(/holder/, `held 0 ${job}:dev/abc\n`).mutate(/^claim/, `held 0 ${job}:dev/abc\n`);

  test("it is refused, in the plan and when it would start", async () => {
    const asked = inputs({ trigger: "again" });
    const old = await passed();
    const hosts = holding(hostsWith(asked, said(10)), "train");
    const held = /job gate cannot start: GPU 0 of node-1 is held by job train/;
    await expect(gate.predict?.(kindContext(hosts), asked, old)).rejects.toThrow(held);
    await expect(gate.update?.(kindContext(hosts), "gate", asked, old)).rejects.toThrow(held);
    await expect(gate.create(kindContext(hosts), asked)).rejects.toThrow(held);
    expect(starts(hosts)).toBe(0);
  });

  test("it is left out if only containers are new, even for a server, and made up for before another training", async () => {
    const news = inputs({ incarnations: { "node-1": "c1", "node-2": "c3" } });
    const hosts = holding(hostsWith(news, said(10)), "serve");
    const out = await gate.update?.(kindContext(hosts), "gate", news, await passed());
    expect(hosts.mutations).toEqual([]);
    expect(out).toMatchObject({ status: "passed", provenIn: { "node-2": "c2" } });
    expect(out?.warnings).toEqual([
      expect.stringMatching(/^not measured in the new containers, for job serve has GPU 0/),
    ]);
    const old = { ...news, ...(out as GateOutputs) };
    expect(gate.diff?.(old, news)).toEqual([]);
    const another = { ...news, consumer: { train: "run-2" } };
    expect(gate.diff?.(old, another)).toEqual([{ path: "consumer", mode: "update", replace: false }]);
    const free = hostsWith(another, said(10));
    const done = await gate.update?.(kindContext(free), "gate", another, old);
    expect([starts(free), done?.warnings, done?.provenIn["node-2"]]).toEqual([1, [], "c3"]);
    expect(gate.diff?.({ ...another, ...(done as GateOutputs) }, another)).toEqual([]);
    // Without one that was left out another training needs no gate.
    expect(gate.diff?.(await passed(), another)).toEqual([]);
  });
});

test("a rank that died is told with its host, and with the end of its log", async () => {
  const of = inputs();
  const died = { event: "died", node: "node-2", ranks: [{ rank: 1, phase: "loading torch", said: "Killed" }] };
  const hosts = hostsWith(of, `muster-gate ${JSON.stringify(died)}\n`, { end: "failed 1000000009 0 1 exit" });
  const error = await failed(gate.create(kindContext(hosts), of));
  expect(error.reasons[0]).toMatch(/node-2 is at fault: rank 1 died at "loading torch": Killed/);
  expect(error.reasons[1]).toMatch(/^the log ends so: job gate failed/);
});

test("a job that fails without a report is an error, and no verdict", async () => {
  const hosts = hostsWith(inputs(), "sh: python3: not found\n", { end: "failed 1000000009 0 127 exit" });
  await expect(gate.create(kindContext(hosts), inputs())).rejects.toThrow(/job gate failed/);
});

test("it leaves nothing behind, and cannot be imported", async () => {
  const hosts = hostsWith(inputs(), said(1));
  await gate.delete(kindContext(hosts), "gate", await passed());
  expect(hosts.mutations.at(-1)).toBe("node-1: remove the record of gate");
  await expect(gate.read(kindContext(hosts), "gate")).rejects.toThrow("baseline is in no other place");
  const old = await passed();
  expect((await gate.read(kindContext(new FakeHosts()), "gate", old))?.state.runDigest).toBe(runDigest(inputs()));
});
