import { InitFailed } from "../../provider/kind";
import { gangFiles } from "../../provider/muster/kinds/job/gang-files";
import { canonical, identityDigest } from "../../provider/muster/kinds/job/identity";
import type { JobInputs, JobOutputs } from "../../provider/muster/kinds/job/inputs";
import { job } from "../../provider/muster/kinds/job/job";
import { parseObservation, statusOf } from "../../provider/muster/kinds/job/observation";
import { FakeHosts } from "../../remote/fake";
import { RemoteError } from "../../remote/remote-error";
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
  problem: "",
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
      reviveOn: starts,
      waitSeconds: 60,
      probe: { host: "node-1", http: "http://a/health", timeoutSeconds: 60 },
    });
  const record = /job\.json/;
  const probe = /http:\/\/a\/health/;

  test("is looked after again when its container was started since; a completed job is not", () => {
    const old = { ...server({ "node-1": "1" }), ...settled, status: "ready" as const };
    expect(job.diff?.(old, server({ "node-1": "1" }))).toEqual([]);
    expect(job.diff?.(old, server({ "node-1": "2" }))).toEqual([{ path: "reviveOn", mode: "update", replace: false }]);
    const done = { ...inputs({ reviveOn: { "node-1": "1" } }), ...settled };
    expect(job.diff?.(done, inputs({ reviveOn: { "node-1": "2" } }))).toEqual([]);
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

  test("is not started where another one answers, which would be taken for it", async () => {
    const hosts = new FakeHosts().query(record, "absent\n").query(probe, "").mutate(/./);
    await expect(job.create(kindContext(hosts), server({}))).rejects.toMatchObject({
      message: expect.stringContaining("another server answers at a already, so job train cannot be started there"),
    });
    expect(hosts.mutations.filter(what => what.includes("start job"))).toEqual([]);
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
      "dev",
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
    expect(files.get("rank-1.meta")).toBe("MARK=train:dev/abc:1.\nGRACE=10\nCONTAINER=1\n");
    expect(files.get("gang")).toBe("JOB=train\nMODE=completed\nRANKS=2\nGRACE=10\n");
  });

  test("reach the other host through the mesh of rank 0's container, and hold no secret", () => {
    const files = gangFiles("dev", inputs({ secretEnv: { TOKEN: "hush" } }), "abc");
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

  const running = observed({ digest: "other", lines: ["supervised", "rank 0 started", "rank 1 started"] });
  const stray = /MUSTER_JOB=train:dev\/.* \[0-9\]\*\/environ/;

  test("does not end a training of that name with other arguments, unless it is allowed by name", async () => {
    const hosts = new FakeHosts().query(record, running).mutate(/./);
    const attempt = job.create(kindContext(hosts), inputs());
    await expect(attempt).rejects.toMatchObject({
      problems: [
        {
          summary: expect.stringContaining("other arguments or data"),
          remedy: expect.stringContaining("MUSTER_INTERRUPT=train"),
        },
      ],
    });
    expect(hosts.mutations).toEqual([]);
    await expect(job.create(kindContext(hosts, ["train"]), inputs())).rejects.toBeInstanceOf(InitFailed);
    expect(hosts.mutations).toContain("node-1: stop job train");
    expect(hosts.mutations.at(-1)).toBe("node-1: start job train");
  });

  test("a job whose folder was deleted while it runs is not started a second time", async () => {
    const hosts = new FakeHosts()
      .query(record, "absent\n")
      .query(stray, "")
      .query(stray, "77 python3 train.py\n", "node-2")
      .mutate(/./);
    const attempt = job.create(kindContext(hosts), inputs());
    await expect(attempt).rejects.toMatchObject({
      problems: [{ summary: expect.stringContaining("its record is gone"), detail: "node-2: 77 python3 train.py" }],
    });
    expect(hosts.mutations).toEqual([]);
    await expect(job.create(kindContext(hosts, ["train"]), inputs())).rejects.toThrow("vanished");
    expect(hosts.mutations.slice(0, 3)).toEqual([
      "node-1: stop job train",
      "node-1: prove that no process of job train is left",
      "node-2: prove that no process of job train is left",
    ]);
  });

  test("a server whose folder was deleted is ended and started anew without leave", async () => {
    let started = false;
    const server = inputs({
      mode: "ready",
      waitSeconds: 60,
      probe: { host: "node-1", script: "probe", timeoutSeconds: 60 },
    });
    const alive = observed({ mode: "ready", lines: ["supervised", "rank 0 started", "rank 1 started"] });
    const hosts = new FakeHosts()
      .query(record, () => (started ? alive : "absent\n"))
      .query("probe", "")
      .mutate(/./)
      .mutate(/^start job/, () => {
        started = true;
        return "";
      });
    expect((await job.create(kindContext(hosts), server)).state.status).toBe("ready");
    expect(hosts.mutations).toContain("node-2: prove that no process of job train is left");
  });

  const claims = [{ host: "node-1", gpus: [0, 1] }];

  test("names the job that holds a GPU, and gives back what it took", async () => {
    const hosts = new FakeHosts()
      .query(record, "absent\n")
      .query(stray, "")
      .mutate(/./)
      .mutate(/claim the GPUs/, "held 1 serve:dev/x\nheld 0 train:prod/y\n")
      .mutate(/release/);
    await expect(job.create(kindContext(hosts), inputs({ claims }))).rejects.toThrow(
      "GPU 0 of node-1 is held by job train of cluster prod; GPU 1 of node-1 is held by job serve",
    );
    expect(hosts.mutations.at(-1)).toMatch(/release the GPUs/);
    expect(hosts.mutations.some(what => what.includes("start"))).toBe(false);
  });

  const failed = observed({ lines: ["done failed 1000000009 1 255 channel", "rank 1 closed 255 1"] });
  const unreachable = new RemoteError({ kind: "unreachable", host: "node-1", address: "a", problem: "gone" });

  /** What of a create's failure stays in the state. */
  async function leftBy(hosts: FakeHosts): Promise<InitFailed<JobOutputs>> {
    const failure = await job.create(kindContext(hosts), inputs({ claims, waitSeconds: 60 })).catch(error => error);
    expect(failure).toBeInstanceOf(InitFailed);
    return failure;
  }

  test("of a job that fails keeps it in the state, so that destroy ends and removes all of it", async () => {
    let started = false;
    const hosts = new FakeHosts()
      .query(record, () => (started ? failed : "absent\n"))
      .query(stray, "")
      .mutate(/./)
      .mutate(/^start job/, () => {
        started = true;
        return "";
      });
    const { id, state, reasons } = await leftBy(hosts);
    expect({ id, status: state.status, incarnation: state.incarnation }).toEqual({
      id: "train",
      status: "failed",
      incarnation: "abc",
    });
    expect(reasons).toEqual([expect.stringMatching(/rank 1 \(node-2/)]);
    const before = hosts.mutations.length;
    await job.delete(kindContext(hosts), id, { ...inputs({ claims }), ...state });
    expect(hosts.mutations.slice(before)).toEqual(
      expect.arrayContaining([
        "node-2: prove that no process of job train is left",
        "node-1: release the GPUs of job train",
        "node-1: remove the files of job train",
      ]),
    );
  });

  test("of a job whose supervisor did not start in time ends it, gives its GPUs back, and keeps it in the state", async () => {
    const hosts = new FakeHosts()
      .query(record, "absent\n")
      .query(stray, "")
      .mutate(/./)
      .mutate(/^start job/, { exitCode: 1, stderr: "no space left" });
    const { state, reasons } = await leftBy(hosts);
    expect(state).toMatchObject({ status: "failed", problem: expect.stringContaining("no space left") });
    expect(reasons).toEqual([expect.stringContaining("Remedy: mend what the host says")]);
    expect(hosts.mutations.slice(hosts.mutations.indexOf("node-1: start job train") + 1)).toEqual([
      "node-1: stop job train",
      "node-1: prove that no process of job train is left",
      "node-2: prove that no process of job train is left",
      "node-1: release the GPUs of job train",
    ]);
  });

  test("of a job whose host is lost while it starts keeps it in the state: it may be at work there", async () => {
    const hosts = new FakeHosts()
      .query(record, "absent\n")
      .query(stray, "")
      .mutate(/./)
      .mutate(/^start job/, unreachable);
    expect((await leftBy(hosts)).state).toMatchObject({ status: "failed", identityDigest: identityDigest(inputs()) });
  });

  test("that was refused, or found its host out of reach, leaves nothing in the state", async () => {
    const refused = new FakeHosts()
      .query(record, "absent\n")
      .query(stray, "")
      .mutate(/./)
      .mutate(/claim the GPUs/, "held 1 serve:prod/x\n");
    const away = new FakeHosts().query(record, unreachable);
    for (const hosts of [refused, away]) {
      const failure = await job.create(kindContext(hosts), inputs({ claims })).catch(error => error);
      expect(failure).not.toBeInstanceOf(InitFailed);
    }
  });

  test("a server that it may stop gives its GPUs; what is no server does not", async () => {
    let stopped = false;
    const ofServe = (mode: string) => {
      const text = JSON.stringify({
        job: "serve",
        incarnation: "x",
        identityDigest: "d",
        mode,
        ranks: [{ host: "node-1", argv: ["a"] }],
        claims,
      });
      return `record ${base64(text)}\nstarted 1\nage 1\nsupervised\n`;
    };
    const hosts = (mode: string) => {
      stopped = false;
      return new FakeHosts()
        .query(record, "absent\n")
        .query(/jobs\/serve/, ofServe(mode))
        .query(stray, "")
        .mutate(/./)
        .mutate(/stop job serve/, () => {
          stopped = true;
          return "";
        })
        .mutate(/claim the GPUs/, () => (stopped ? "" : "held 1 serve:dev/x\n"));
    };
    const wanted = inputs({ claims, mayStop: ["serve"] });
    const server = hosts("ready");
    await expect(job.create(kindContext(server), wanted)).rejects.toThrow("vanished");
    expect(server.mutations.filter(what => /stop job serve|release .* serve|start job/.test(what))).toEqual([
      "node-1: stop job serve",
      "node-1: release the GPUs of job serve",
      "node-1: start job train",
    ]);
    const training = hosts("completed");
    await expect(job.create(kindContext(training), wanted)).rejects.toThrow("GPU 1 of node-1 is held by job serve");
    expect(stopped).toBe(false);
  });

  test("a link that is lost while it waits does not end the waiting", async () => {
    const lost = new RemoteError({ kind: "lost", host: "node-1", address: "a", problem: "gone" });
    const answers = [
      observed({ lines: ["supervised"] }),
      lost,
      observed({ lines: ["done completed 1000000009 - - -"] }),
    ];
    let asked = 0;
    const hosts = new FakeHosts().query(record, () => answers[Math.max(0, asked++ - 1)] ?? "").mutate(/release/);
    expect((await job.create(kindContext(hosts), inputs({ waitSeconds: 60 }))).state.status).toBe("completed");
    expect(asked).toBe(4);
  });

  describe("what the program is known for", () => {
    const knownFailures = [
      { name: "port", pattern: "port (?<port>\\d+) is taken", reason: "{port} is used", remedy: "free {port}" },
      { name: "peer", pattern: "remote process exited", reason: "a peer is gone", remedy: "see the others" },
    ];
    const log = (rank: number, text: string) => `rank ${rank} log ${base64(text)}`;

    test("is told of the rank that failed, not of those that saw it go", async () => {
      const ends = [
        "done failed 1000000009 1 1 own",
        "rank 0 exit 1 own",
        log(0, "[rank0]: ncclRemoteError: remote process exited\n"),
        "rank 1 exit 1 own",
        log(1, "bar 3%\rOSError: port 29500 is taken\n"),
      ];
      const hosts = new FakeHosts().query(record, observed({ lines: ends })).mutate(/./);
      await expect(job.update?.(kindContext(hosts), "train", inputs({ knownFailures }), {} as never)).rejects.toThrow(
        /rank 1 \(node-2.*why: 29500 is used.*Remedy: free 29500; then run up again/s,
      );
    });

    test("is suggested of a job that has made no step when the time is over, and of none that goes on", async () => {
      const lines = ["supervised", "rank 0 started", "rank 1 started"];
      const attempt = (text: string) =>
        job.create(
          kindContext(new FakeHosts().query(record, observed({ lines: [...lines, log(1, text)] }))),
          inputs({ knownFailures }),
        );
      const reasons = (text: string) => attempt(text).catch((error: InitFailed<JobOutputs>) => error.reasons);
      expect(await reasons("port 29500 is taken\n")).toEqual([
        expect.stringContaining("no step yet"),
        "its log suggests: rank 1 (node-2): 29500 is used. Remedy: free 29500",
      ]);
      expect(await reasons("port 29500 is taken\n{'loss': 1.0, 'iteration': '1/20'}\n")).toHaveLength(1);
    });

    test("a pattern that is none is refused in the check", () => {
      const bad = [{ name: "x", pattern: "(", reason: "r", remedy: "m" }];
      expect(job.check?.({ knownFailures: bad })).toEqual([
        { property: "knownFailures[0].pattern", reason: expect.stringContaining("Invalid regular expression") },
      ]);
    });
  });

  test("a host that died with the job is named beside the failure", async () => {
    const dead = new RemoteError({
      kind: "unreachable",
      host: "node-2",
      address: "a",
      problem: "no route to the host",
    });
    const alive = observed({ lines: ["supervised", "rank 0 started", "rank 1 started"] });
    const over = observed({ lines: ["done failed 1000000009 1 255 channel", "rank 1 closed 255 1"] });
    let asked = 0;
    const hosts = new FakeHosts()
      .query(record, () => (asked++ < 2 ? alive : over))
      .mutate(/./)
      .mutate(/prove/, dead, "node-2");
    const attempt = job.create(kindContext(hosts), inputs({ waitSeconds: 60 }));
    await expect(attempt).rejects.toThrow(/rank 1 \(node-2.*channel broke.*node-2.*no route to the host/s);
  });
});

describe("a plan", () => {
  const record = /job\.json/;
  const claims = [{ host: "node-1", gpus: [0] }];
  const held = (by: string) => new FakeHosts().query(/held \$g/, `held 0 ${by}\n`);

  test("refuses a second live claim on a GPU, unless the holder may be stopped", async () => {
    const hosts = held("serve:dev/x").query(record, "absent\n");
    await expect(job.predict?.(kindContext(hosts), inputs({ claims }))).rejects.toThrow(/held by job serve/);
    expect(await job.predict?.(kindContext(hosts), inputs({ claims, mayStop: ["serve"] }))).toEqual({
      identityDigest: identityDigest(inputs()),
    });
    const foreign = held("serve:prod/x").query(record, "absent\n");
    await expect(job.predict?.(kindContext(foreign), inputs({ claims, mayStop: ["serve"] }))).rejects.toThrow(
      /held by job serve of cluster prod/,
    );
  });

  test("is not refused for a job that takes the place of another run: what depends on that goes first", async () => {
    const hosts = held("serve:dev/x").query(record, observed({ digest: "other" }));
    expect(await job.predict?.(kindContext(hosts), inputs({ claims }))).toEqual({
      identityDigest: identityDigest(inputs()),
    });
  });

  test("does not fail for a host that is out of reach", async () => {
    const hosts = new FakeHosts().query(
      record,
      new RemoteError({ kind: "unreachable", host: "node-1", address: "a", problem: "gone" }),
    );
    expect(await job.predict?.(kindContext(hosts), inputs({ claims }))).toHaveProperty("identityDigest");
  });

  describe("with a precondition", () => {
    const precondition = { host: "node-1", container: "ms", argv: ["python3", "/opt/ask.py", "it's"] };
    const asked = /docker exec ms python3 \/opt\/ask\.py 'it'\\''s'/;
    const refusing = (seen: string) =>
      new FakeHosts().query(record, seen).query(asked, { exitCode: 10, stdout: "no disk\nno memory\n" });

    test("is refused with every reason, before a start and before a run that takes another's place", async () => {
      for (const seen of ["absent\n", observed({ digest: "other" })]) {
        const attempt = job.predict?.(kindContext(refusing(seen)), inputs({ precondition }));
        await expect(attempt).rejects.toThrow("job train cannot start: no disk; job train cannot start: no memory");
      }
      const old = { ...inputs(), ...settled, identityDigest: "other" };
      await expect(job.predict?.(kindContext(refusing("")), inputs({ precondition }), old)).rejects.toThrow("no disk");
      const failed = { ...inputs(), ...settled, status: "failed" as const };
      await expect(job.predict?.(kindContext(refusing("")), inputs({ precondition }), failed)).rejects.toThrow(
        "no disk",
      );
    });

    test("is not asked of a job that is there", async () => {
      const hosts = refusing(observed({ lines: ["supervised"] }));
      expect(await job.predict?.(kindContext(hosts), inputs({ precondition }))).toHaveProperty("identityDigest");
      const old = { ...inputs(), ...settled };
      expect(await job.predict?.(kindContext(refusing("")), inputs({ precondition }), old)).toHaveProperty("status");
    });

    test("that cannot be asked yet refuses nothing", async () => {
      const gone = new RemoteError({ kind: "unreachable", host: "node-1", address: "a", problem: "gone" });
      for (const answer of [{ exitCode: 1, stderr: "No such container: ms" }, { exitCode: 127 }, gone]) {
        const hosts = new FakeHosts().query(record, "absent\n").query(asked, answer);
        expect(await job.predict?.(kindContext(hosts), inputs({ precondition }))).toHaveProperty("identityDigest");
      }
    });
  });

  test("of a job that failed is refused as well", async () => {
    const old = { ...inputs({ claims }), ...settled, status: "failed" as const };
    await expect(job.predict?.(kindContext(held("serve:dev/x")), inputs({ claims }), old)).rejects.toThrow(/held by/);
  });
});

describe("read", () => {
  const old = { ...inputs(), ...settled };

  test("says why a job that was killed is not what it should be", async () => {
    const lines = ["done failed 1000000009 1 137 exit", "rank 1 exit 137 own 1"];
    const hosts = new FakeHosts().query(/job\.json/, observed({ lines }));
    const seen = await job.read(kindContext(hosts), "train", old);
    expect(seen?.state).toMatchObject({ status: "failed", problem: "rank 1 (node-2) was ended by SIGKILL" });
    expect(job.diff?.({ ...old, ...seen?.state }, inputs()).map(change => change.path)).toEqual(["status", "problem"]);
  });

  test("a deleted record of a job that lives is drift; of one that does not, the end of the resource", async () => {
    const processes = /MUSTER_JOB=train:dev/;
    const alive = new FakeHosts()
      .query(/job\.json/, "absent\n")
      .query(processes, "")
      .query(processes, "7 python3\n", "node-1");
    const seen = await job.read(kindContext(alive), "train", old);
    expect(seen?.state).toMatchObject({ status: "unrecorded", problem: expect.stringContaining("node-1: 7 python3") });
    const dead = new FakeHosts().query(/job\.json/, "absent\n").query(processes, "");
    expect(await job.read(kindContext(dead), "train", old)).toBeUndefined();
  });

  test("import is refused with what to do instead", async () => {
    await expect(job.read(kindContext(new FakeHosts()), "train")).rejects.toMatchObject({
      problems: [{ remedy: expect.stringContaining("adopts the job") }],
    });
  });
});

describe("delete", () => {
  const old = { ...inputs(), ...settled, status: "running" as const };

  test("does not interrupt a running training unless told by name", async () => {
    const hosts = new FakeHosts().query(/job\.json/, observed({ lines: ["supervised"] }));
    await expect(job.delete(kindContext(hosts), "train", old)).rejects.toMatchObject({
      problems: [{ remedy: expect.stringContaining("MUSTER_INTERRUPT=train") }],
    });
    expect(hosts.mutations).toEqual([]);
  });

  test("told so, it stops the gang, proves it on each host, and keeps the outputs", async () => {
    const hosts = new FakeHosts().query(/job\.json/, observed({ lines: ["supervised"] })).mutate(/./);
    await job.delete(kindContext(hosts, ["train"]), "train", { ...old, outputs: [{ host: "node-1", path: "/out/w" }] });
    expect(hosts.mutations[0]).toBe("node-1: stop job train");
    expect(hosts.mutations).toContain("node-2: prove that no process of job train is left");
    expect(hosts.calls.some(call => call.script.includes("/out/w"))).toBe(false);
  });

  test("passes over a host that was given up, and does the others", async () => {
    const dead = new RemoteError({ kind: "unreachable", host: "node-2", address: "a", problem: "gone" });
    const hosts = new FakeHosts()
      .query(/job\.json/, observed({ lines: ["supervised"] }))
      .mutate(/./)
      .mutate(/./, dead, "node-2");
    await expect(job.delete(kindContext(hosts, ["train"]), "train", old)).rejects.toBe(dead);
    await job.delete(kindContext(hosts, ["train", "node-2"]), "train", old);
    expect(hosts.mutations.at(-2)).toBe("node-1: remove the files of job train");
  });

  test("fails when a process does not die", async () => {
    const hosts = new FakeHosts()
      .query(/job\.json/, observed({ lines: ["supervised"] }))
      .mutate(/./)
      .mutate(/prove/, "left 42 python3 train.py\n", "node-2");
    await expect(job.delete(kindContext(hosts, ["train"]), "train", old)).rejects.toMatchObject({
      problems: [{ where: "host node-2", summary: expect.stringContaining("42 python3 train.py") }],
    });
    expect(hosts.mutations.some(what => what.includes("remove the files"))).toBe(false);
  });
});
