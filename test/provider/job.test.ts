import { InitFailed } from "../../provider/kind";
import { gangFiles } from "../../provider/muster/kinds/job/gang-files";
import { claimScript, parseClaims } from "../../provider/muster/kinds/job/host-scripts";
import { canonical, identityDigest } from "../../provider/muster/kinds/job/identity";
import type { JobInputs, JobOutputs } from "../../provider/muster/kinds/job/inputs";
import { job } from "../../provider/muster/kinds/job/job";
import { parseObservation, statusOf } from "../../provider/muster/kinds/job/observation";
import { FakeHosts } from "../../remote/fake";
import { kindContext } from "../support/kind-context";

function inputs(over: Partial<JobInputs> = {}): JobInputs {
  return {
    name: "train",
    mode: "completed",
    identity: { data: "d1" },
    waitSeconds: 0,
    ranks: [0, 1].map(k => ({
      host: `node-${k + 1}`,
      container: "ms",
      workdir: "/work",
      argv: ["megatron", "sft", "--lr", "it's"],
      env: { NODE_RANK: String(k) },
    })),
    ...over,
  };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

function observed(over: { digest?: string; mode?: JobInputs["mode"]; lines?: string[] } = {}): string {
  const declared = inputs();
  const record = {
    job: "train",
    identityDigest: over.digest ?? identityDigest(declared),
    incarnation: "abc",
    mode: over.mode ?? declared.mode,
    ranks: declared.ranks,
  };
  return [`record ${base64(JSON.stringify(record))}`, "started 1000000000", "age 5", ...(over.lines ?? [])].join("\n");
}

const settled: JobOutputs = {
  status: "completed",
  incarnation: "abc",
  identityDigest: identityDigest(inputs()),
  startedAt: "",
  finishedAt: "",
  result: "",
  progress: null,
};

describe("identity", () => {
  test("does not see environment, waiting or order of keys", () => {
    const [first, second] = inputs().ranks;
    if (!first || !second) throw new Error("two ranks");
    const moved = {
      ...inputs(),
      ranks: [
        { ...first, env: { NCCL_DEBUG: "INFO" } },
        { ...second, workdir: "/x" },
      ],
    };
    expect(identityDigest(moved)).toBe(identityDigest(inputs()));
    expect(canonical({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}');
  });

  test("sees arguments, data and which hosts", () => {
    const digests = new Set([
      identityDigest(inputs()),
      identityDigest(inputs({ identity: { data: "d2" } })),
      identityDigest(inputs({ ranks: inputs().ranks.slice(0, 1) })),
      identityDigest(inputs({ ranks: inputs().ranks.map(rank => ({ ...rank, argv: [...rank.argv, "x"] })) })),
    ]);
    expect(digests.size).toBe(4);
  });

  test("a changed argument replaces, a changed address does not", () => {
    const old = { ...inputs(), ...settled };
    const retuned = inputs().ranks.map(rank => ({ ...rank, argv: ["megatron", "sft"] }));
    expect(job.diff?.(old, inputs({ ranks: retuned }))).toEqual([
      { path: "ranks[0].argv", mode: "update", replace: true },
      { path: "ranks[1].argv", mode: "update", replace: true },
    ]);
    const readdressed = inputs().ranks.map(rank => ({ ...rank, env: { MASTER_ADDR: "10.0.0.9" } }));
    expect(job.diff?.(old, inputs({ ranks: readdressed }))).toEqual([]);
  });

  test("an unfinished job is taken up again", () => {
    const old = { ...inputs(), ...settled, status: "running" as const };
    expect(job.diff?.(old, inputs())).toEqual([{ path: "status", mode: "update", replace: false, inputDiff: false }]);
  });
});

describe("a server", () => {
  const server = (starts: Record<string, string>): JobInputs =>
    inputs({
      mode: "ready",
      starts,
      waitSeconds: 60,
      probe: { host: "node-1", http: "http://a/health", timeoutSeconds: 60 },
    });
  const record = /job\.json/;
  const probe = /http:\/\/a\/health/;

  test("is looked after again when its container was started since; a completed job is not", () => {
    const old = { ...server({ "node-1": "1" }), ...settled, status: "ready" as const };
    expect(job.diff?.(old, server({ "node-1": "1" }))).toEqual([]);
    expect(job.diff?.(old, server({ "node-1": "2" }))).toEqual([{ path: "starts", mode: "update", replace: false }]);
    const done = { ...inputs({ starts: { "node-1": "1" } }), ...settled };
    expect(job.diff?.(done, inputs({ starts: { "node-1": "2" } }))).toEqual([]);
  });

  test("that died with its container is started anew, once its supervisor has noticed", async () => {
    const alive = ["supervised", "ready", "rank 0 started", "rank 1 started"];
    let looks = 0;
    let started = false;
    const hosts = new FakeHosts()
      .query(record, () =>
        observed({ mode: "ready", lines: started || looks++ < 2 ? alive : ["done failed 1000000009 0 255 channel"] }),
      )
      .query(probe, () => ({ exitCode: started ? 0 : 7 }))
      .mutate(/./)
      .mutate(/^start job/, () => {
        started = true;
        return "";
      });
    const made = await job.create(kindContext(hosts), server({ "node-1": "2" }));
    expect(made.state.status).toBe("ready");
    expect(hosts.mutations.filter(what => /start job|stop job/.test(what))).toEqual([
      "node-1: stop job train",
      "node-1: start job train",
    ]);
  });

  test("that answers is left alone", async () => {
    const hosts = new FakeHosts()
      .query(record, observed({ mode: "ready", lines: ["supervised", "ready"] }))
      .query(probe, "");
    await job.create(kindContext(hosts), server({ "node-1": "2" }));
    expect(hosts.mutations).toEqual([]);
  });
});

describe("files of the gang", () => {
  test("carry commands and environment word by word; transport loses to the rank's own", () => {
    const files = gangFiles(
      inputs({ transportEnv: { "node-2": { NODE_RANK: "9", IF: "eth0" } }, secretEnv: { T: "s'" } }),
      "abc",
    );
    expect(files.get("rank-1.launch")).toBe(`start_rank() {
export NODE_RANK=1
export IF=eth0
export T='s'\\'''
cd /work || { echo 'muster: the working directory /work does not exist on node-2' >&2; exit 126; }
exec megatron sft --lr 'it'\\''s'
}
`);
    expect(files.get("rank-1.meta")).toBe("MARK=train:abc:1.\nGRACE=10\nCONTAINER=1\n");
    expect(files.get("gang")).toBe("JOB=train\nMODE=completed\nRANKS=2\nGRACE=10\n");
  });

  test("reach the other host through the mesh of rank 0's container, and hold no secret", () => {
    const files = gangFiles(inputs({ secretEnv: { TOKEN: "hush" } }), "abc");
    expect(files.get("rank-0.channel")).toMatch(/^exec docker exec -i -u 0 ms sh -c /);
    expect(files.get("rank-1.channel")).toMatch(
      /^exec docker exec -i -u 0 ms ssh -T -p 2333 .*BatchMode=yes.* node-2 /,
    );
    for (const [name, text] of files) if (!name.endsWith(".launch")) expect(text).not.toContain("hush");
  });
});

describe("observation", () => {
  test("absent is not an error, nonsense is", () => {
    expect(parseObservation("absent\n")).toBeUndefined();
    expect(() => parseObservation("bash: no space left\n")).toThrow(/could not be read/);
  });

  test.each([
    [["supervised"], "running"],
    [[], "failed"],
    [["done completed 1000000009 - - -"], "completed"],
    [["done failed 1000000009 1 137 exit"], "failed"],
    [["done stopped 1000000009 - - -"], "stopped"],
  ])("%j is %s", (lines, status) => {
    const seen = parseObservation(observed({ lines }));
    expect(seen && statusOf(seen)).toBe(status);
  });

  test("knows how each rank ended", () => {
    const lines = ["done failed 1000000009 1 255 channel", "rank 0 exit - stopped 1", "rank 1 closed 255 1"];
    const seen = parseObservation(observed({ lines }));
    expect(seen?.finished).toEqual({ status: "failed", at: "2001-09-09T01:46:49.000Z", first: 1, exitCode: 255 });
    expect(seen?.ranks.map(rank => rank.end)).toEqual([{ reason: "stopped" }, { reason: "channel", exitCode: 255 }]);
  });
});

describe("create", () => {
  const record = /job\.json/;

  test("adopts a completed job of the same identity and starts nothing", async () => {
    const hosts = new FakeHosts().query(record, observed({ lines: ["done completed 1000000009 - - -"] }));
    const made = await job.create(kindContext(hosts), inputs());
    expect(made.state.status).toBe("completed");
    expect(hosts.mutations).toEqual([]);
  });

  test("re-attaches to a live one, and says how far it is when it does not wait", async () => {
    const log = base64("\r{'loss': 2.5, 'iteration': '7/20'}\n");
    const hosts = new FakeHosts().query(
      record,
      observed({ lines: ["supervised", "rank 0 started", "rank 1 started", `rank 1 log ${log}`] }),
    );
    const attempt = job.create(kindContext(hosts), inputs());
    await expect(attempt).rejects.toBeInstanceOf(InitFailed);
    await expect(attempt).rejects.toThrow(/running, step 7 of 20, loss 2\.5/);
    expect(hosts.mutations).toEqual([]);
  });

  test("refuses while a job of that name with another identity is alive", async () => {
    const hosts = new FakeHosts().query(record, observed({ digest: "other", lines: ["supervised"] }));
    await expect(job.create(kindContext(hosts), inputs())).rejects.toThrow(/other arguments or data.*Remedy/s);
    expect(hosts.mutations).toEqual([]);
  });

  test("names the job that holds a GPU, and gives back what it took", async () => {
    const hosts = new FakeHosts()
      .query(record, "absent\n")
      .mutate(/claim the GPUs/, "held 1 serve\n")
      .mutate(/release/);
    const claims = [{ host: "node-1", gpus: [0, 1] }];
    await expect(job.create(kindContext(hosts), inputs({ claims }))).rejects.toThrow(
      "GPU 1 of node-1 is held by job serve",
    );
    expect(hosts.mutations.at(-1)).toMatch(/release the GPUs/);
    expect(parseClaims("held 1 serve\nother\n")).toEqual([{ gpu: 1, job: "serve" }]);
    expect(claimScript("dev", "train", "abc", [0, 1])).toContain("for g in 0 1; do");
  });
});

describe("delete", () => {
  const old = { ...inputs(), ...settled, status: "running" as const };

  test("does not interrupt a running training unless told by name", async () => {
    const hosts = new FakeHosts().query(/job\.json/, observed({ lines: ["supervised"] }));
    await expect(job.delete(kindContext(hosts), "train", old)).rejects.toThrow("MUSTER_INTERRUPT=train");
    expect(hosts.mutations).toEqual([]);
  });

  test("told so, it stops the gang, proves it on each host, and keeps the outputs", async () => {
    const hosts = new FakeHosts().query(/job\.json/, observed({ lines: ["supervised"] })).mutate(/./);
    await job.delete(kindContext(hosts, ["train"]), "train", { ...old, outputs: [{ host: "node-1", path: "/out/w" }] });
    expect(hosts.mutations[0]).toBe("node-1: stop job train");
    expect(hosts.mutations).toContain("node-2: prove that no process of job train is left");
    expect(hosts.calls.some(call => call.script.includes("/out/w"))).toBe(false);
  });

  test("fails when a process does not die", async () => {
    const hosts = new FakeHosts()
      .query(/job\.json/, observed({ lines: ["supervised"] }))
      .mutate(/./)
      .mutate(/prove/, "left 42 python3 train.py\n", "node-2");
    await expect(job.delete(kindContext(hosts, ["train"]), "train", old)).rejects.toThrow(/node-2: .*42 python3/);
    expect(hosts.mutations.some(what => what.includes("remove the files"))).toBe(false);
  });
});
