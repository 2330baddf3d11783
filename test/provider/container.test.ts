import { execFileSync } from "node:child_process";
import { InitFailed } from "../../provider/kind";
import { containerArguments, specDigest } from "../../provider/muster/kinds/container/arguments";
import { busyScript } from "../../provider/muster/kinds/container/busy";
import { container } from "../../provider/muster/kinds/container/container";
import type { ContainerInputs, ContainerOutputs } from "../../provider/muster/kinds/container/inputs";
import { readScript } from "../../provider/muster/kinds/container/reading";
import { explainRunFailure, runScript } from "../../provider/muster/kinds/container/scripts";
import { FakeHosts } from "../../remote/fake";
import { kindContext } from "../support/kind-context";
import { type Deviation, declaredContainer as declared, sight, TWO_GPUS } from "../support/sight";

const outputs: ContainerOutputs = {
  incarnation: "c0ffee",
  status: "running",
  problem: "",
  undeclared: [],
  startedAt: "",
  imageId: "sha256:aa",
};
const old = { ...declared, ...outputs };
const LOOK = /docker inspect .*docker image inspect/s;
const BUSY = /nvidia-smi --query-compute-apps/;

async function read(deviation: Deviation) {
  const hosts = new FakeHosts().query(LOOK, sight(deviation));
  const seen = await container.read(kindContext(hosts), "node-1/ms", old);
  if (!seen) throw new Error("it reads as gone");
  const drift = Object.entries(seen.inputs).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(declared[key as keyof ContainerInputs]),
  );
  return { ...seen, drift: Object.fromEntries(drift) };
}

test("scripts are plain sh", () => {
  const scripts = [readScript(declared), runScript(declared, "dev"), busyScript("ms"), readScript(declared, 60)];
  for (const script of scripts) {
    // What a container's own shell shall expand stands in single quotes.
    execFileSync("shellcheck", ["--shell=sh", "--exclude=SC2016", "-"], { input: script });
  }
});

describe("the argument list", () => {
  test("is the whole docker create, in one order", () => {
    expect(containerArguments({ ...declared, memoryMib: 2048, memorySwapMib: 3072, cpus: 1.5 }, "dev").join(" ")).toBe(
      "docker create --name ms --gpus all --shm-size=131072m --net=host --memory=2147483648 --memory-swap=3221225472 " +
        "--cpus=1.5 --pids-limit=65536 --restart=unless-stopped --init --workdir /work " +
        "--ulimit memlock=-1 --device /dev/infiniband --cap-add IPC_LOCK --cap-drop NET_RAW " +
        "--security-opt no-new-privileges --mount type=bind,source=/models,target=/models,readonly " +
        "--mount type=bind,source=/var/lib/muster/dev/ssh,target=/root/.ssh -e NOTE=it's " +
        `--label muster.cluster=dev --label muster.spec=${specDigest(declared)} --health-cmd /health ` +
        "--health-interval=60s --health-timeout=10s --health-start-period=60s --health-retries=3 " +
        "--entrypoint /bin/sh node:dev /etc/muster/start.sh",
    );
  });

  test("names single GPUs as docker's CSV wants it, and a different hard limit", () => {
    const argv = containerArguments(
      {
        ...declared,
        gpus: [0, 2],
        ulimits: [{ name: "nofile", soft: 1024, hard: 4096 }],
        mounts: [{ source: "/a,b", target: "/c" }],
      },
      "dev",
    );
    expect(argv).toContain('"device=0,2"');
    expect(argv).toContain("nofile=1024:4096");
    expect(argv).toContain('type=bind,"source=/a,b",target=/c');
  });

  test("the digest sees what needs a new container, not what changes in a living one", () => {
    const live = { labels: { a: "b" }, restart: "no", name: "train", cpus: 2, pidsLimit: 9, memoryMib: 5 } as const;
    expect(specDigest({ ...declared, ...live, service: { digest: "x", restartScript: "" } })).toBe(
      specDigest(declared),
    );
    expect(specDigest({ ...declared, shmSizeMib: 64 })).not.toBe(specDigest(declared));
  });
});

describe("read", () => {
  test("shows no drift in a container as it was made", async () => {
    const { drift, state } = await read({});
    expect(drift).toEqual({});
    expect(state).toMatchObject({ status: "running", problem: "", undeclared: [] });
    expect(container.diff?.({ ...old, ...state }, declared)).toEqual([]);
  });

  test.each<[string, Deviation, Partial<ContainerInputs>]>([
    ["GPUs", { host: { DeviceRequests: null } }, { gpus: "none" }],
    [
      "single GPUs",
      { host: { DeviceRequests: [{ Count: 0, DeviceIDs: ["1"], Capabilities: [["gpu"]] }] } },
      { gpus: [1] },
    ],
    ["shared memory", { host: { ShmSize: 64 * 1024 ** 2 } }, { shmSizeMib: 64 }],
    ["the network", { host: { NetworkMode: "lan" } }, { network: "lan" as "host" }],
    ["init", { host: { Init: null } }, { init: undefined }],
    ["ulimits", { host: { Ulimits: [] } }, { ulimits: undefined }],
    ["a device", { host: { Devices: [] } }, { devices: undefined }],
    [
      "a device that nobody declared",
      {
        host: {
          Devices: ["infiniband", "kvm"].map(name => ({ PathOnHost: `/dev/${name}`, PathInContainer: `/dev/${name}` })),
        },
      },
      { devices: ["/dev/infiniband", "/dev/kvm"] },
    ],
    [
      "a capability that nobody declared",
      { host: { CapAdd: ["SYS_ADMIN", "IPC_LOCK"] } },
      { capAdd: ["IPC_LOCK", "SYS_ADMIN"] },
    ],
    ["a capability that was not dropped", { host: { CapDrop: null } }, { capDrop: undefined }],
    ["security options", { host: { SecurityOpt: ["seccomp=unconfined"] } }, { securityOpt: ["seccomp=unconfined"] }],
    ["privileges", { host: { Privileged: true } }, { privileged: true }],
    ["environment", { config: { Env: ["NOTE=other", "PATH=/usr/bin"] } }, { env: { NOTE: "other" } }],
    [
      "a variable that nobody declared",
      { config: { Env: ["NOTE=it's", "PATH=/usr/bin", "LANG=C.UTF-8", "LD_PRELOAD=/x"] } },
      { env: { NOTE: "it's", LD_PRELOAD: "/x" } },
    ],
    ["a variable of the image", { config: { Env: ["NOTE=it's", "LANG=de"] } }, { env: { NOTE: "it's", LANG: "de" } }],
    ["the command", { config: { Cmd: ["sleep"] } }, { command: ["sleep"] }],
    ["the entrypoint", { config: { Entrypoint: null } }, { entrypoint: "" }],
    ["the working directory", { config: { WorkingDir: "/root" } }, { workdir: "/root" }],
    ["docker's own check", { config: { Healthcheck: null } }, { healthCommand: " (every 0 s)" }],
    ["the image", { imageId: "sha256:bb", config: { Image: "other:1" } }, { image: "other:1" }],
    ["an image of the same name", { imageId: "sha256:bb" }, { image: "sha256:bb" }],
    [
      "a mount that nobody declared",
      { mounts: [{ Type: "bind", Source: "/var/run/docker.sock", Destination: "/s", RW: true }] },
      {
        mounts: [
          { source: "/models", target: "/models", readOnly: true },
          { source: "/var/lib/muster/dev/ssh", target: "/root/.ssh" },
          { source: "/var/run/docker.sock", target: "/s" },
        ],
      },
    ],
    ["restart policy", { host: { RestartPolicy: { Name: "no" } } }, { restart: "no" }],
    ["memory", { host: { Memory: 2 ** 30, MemorySwap: 2 ** 31 } }, { memoryMib: 1024 }],
    ["memory and swap", { host: { Memory: 2 ** 30, MemorySwap: 2 ** 30 } }, { memoryMib: 1024, memorySwapMib: 1024 }],
    ["processors' time", { host: { NanoCpus: 15e8 } }, { cpus: 1.5 }],
    ["processors", { host: { CpusetCpus: "0-1" } }, { cpusetCpus: "0,1" }],
    ["the number of processes", { host: { PidsLimit: 100 } }, { pidsLimit: 100 }],
    ["a limit that was taken away", { host: { PidsLimit: -1 } }, { pidsLimit: undefined }],
  ])("shows drift of %s", async (_name, deviation, expected) => {
    expect((await read(deviation)).drift).toEqual(expected);
  });

  test.each<[string, Deviation]>([
    ["limits that limit nothing", { host: { NanoCpus: 4e9, CpusetCpus: "0-3", Memory: 2 ** 63 - 4096 } }],
    ["other words for the same", { host: { SecurityOpt: ["no-new-privileges:true"], CapAdd: ["IPC_LOCK"] } }],
    ["the signal that docker 20.10 names", { config: { StopSignal: "SIGTERM" } }],
  ])("takes %s for no drift", async (_name, deviation) => {
    const { drift, state } = await read(deviation);
    expect(drift).toEqual({});
    expect(state.undeclared).toEqual([]);
  });

  test("options that no input can ask for are named, and need another container", async () => {
    const { drift, state } = await read({
      config: { User: "1000" },
      host: { IpcMode: "host", PidMode: "host", ReadonlyRootfs: true, Tmpfs: { "/t": "" } },
    });
    expect(drift).toEqual({});
    expect(state.undeclared).toEqual(["--user=1000", "--pid=host", "--ipc=host", "--read-only", "--tmpfs=/t"]);
    expect(container.diff?.({ ...old, ...state }, declared)).toEqual([
      { path: "undeclared", mode: "update", replace: true, inputDiff: false },
    ]);
  });

  test.each([
    [
      "NVML that fails inside",
      [255, "Failed to initialize NVML: Unknown Error\n"],
      /nvidia-smi fails in it, and works on the host: Failed to initialize NVML/,
    ],
    ["fewer GPUs", [0, "GPU 0: NVIDIA H100 (UUID: GPU-a)\n"], /sees 1 of its 2 GPUs/],
    ["no answer", [124, ""], /no answer in time/],
  ] as const)("GPUs that were lost: %s", async (_name, inside, problem) => {
    const { state } = await read({ gpus: { host: [0, TWO_GPUS], inside } });
    expect(state.status).toBe("gpus lost");
    expect(state.problem).toMatch(problem);
    expect(container.diff?.({ ...old, ...state }, declared)?.map(change => [change.path, change.replace])).toEqual([
      ["status", false],
      ["problem", false],
    ]);
  });

  test("a host that does not see its GPUs either is not the container's trouble", async () => {
    const lost = [255, "Failed to initialize NVML"] as const;
    expect((await read({ gpus: { host: lost, inside: lost } })).state.status).toBe("running");
  });

  test("a probe that fails makes it unhealthy, with the probe's words", async () => {
    const { state } = await read({ health: [1, "sshd does not listen on 10.0.0.1 port 2333\n"] });
    expect(state).toMatchObject({
      status: "unhealthy",
      problem: "its health probe fails: sshd does not listen on 10.0.0.1 port 2333",
    });
  });

  test("a container that is gone is drift that update repairs, not a lost resource", async () => {
    const hosts = new FakeHosts().query(LOOK, "absent\n");
    const seen = await container.read(kindContext(hosts), "node-1/ms", old);
    expect(seen?.state.status).toBe("absent");
    expect(container.diff?.({ ...old, ...ABSENT, ...seen?.state }, declared).map(change => change.path)).toEqual([
      "status",
    ]);
  });

  test("docker that does not answer is an error, never absence", async () => {
    const stderr = "Cannot connect to the Docker daemon\n";
    const hosts = new FakeHosts().query(LOOK, { exitCode: 1, stderr });
    const attempt = container.read(kindContext(hosts), "node-1/ms", old);
    await expect(attempt).rejects.toMatchObject({ problems: [{ detail: "Cannot connect to the Docker daemon" }] });
  });

  test("an imported container shows all that was asked of docker, and nothing of the image's", async () => {
    const hosts = new FakeHosts().query(LOOK, sight());
    const seen = await container.read(kindContext(hosts), "node-1/ms");
    const { healthProbe: _probe, service: _service, ...asked } = declared;
    expect(seen?.inputs).toEqual(asked);
    await expect(container.read(kindContext(hosts), "ms")).rejects.toThrow("import it as HOST/CONTAINER");
  });
});

const ABSENT = { status: "absent", problem: "" };

/** Answers of one look after the other; the last one stays. */
function inTurn(...deviations: readonly Deviation[]): () => string {
  let looks = 0;
  return () => sight(deviations[Math.min(looks++, deviations.length - 1)]);
}

describe("update", () => {
  const well = () =>
    new FakeHosts()
      .query(LOOK, sight())
      .query(BUSY, "")
      .query(/docker logs/, "")
      .mutate(/./);

  async function update(hosts: FakeHosts, news: Partial<ContainerInputs> = {}, allowed: string[] = []) {
    const inputs = { ...declared, ...news };
    await container.update?.(kindContext(hosts, allowed), "node-1/ms", inputs, old);
    return hosts.calls.filter(call => call.verb === "mutate").map(call => call.script);
  }

  test("sends nothing to a container that is as it should be", async () => {
    const hosts = well();
    expect(await update(hosts)).toEqual([]);
    expect(hosts.calls).toHaveLength(1);
  });

  test("starts a stopped container, and sets its restart policy live", async () => {
    const hosts = well().query(LOOK, inTurn({ status: "exited", host: { RestartPolicy: { Name: "no" } } }, {}));
    expect(await update(hosts)).toEqual(["docker update --restart=unless-stopped ms", "docker start ms"]);
    expect(hosts.mutations).toEqual(["node-1: update restart of container ms", "node-1: start container ms"]);
  });

  test("limits go back by docker update alone, also those that nobody declared", async () => {
    const host = { Memory: 2 ** 30, MemorySwap: 2 ** 31, NanoCpus: 1e9, CpusetCpus: "0", PidsLimit: 100 };
    expect(await update(well().query(LOOK, sight({ host })))).toEqual([
      "docker update --memory=9223372036854771712 --memory-swap=9223372036854771712 --cpus=4 --cpuset-cpus=0-3 --pids-limit=65536 ms",
    ]);
    const declaredMemory = { memoryMib: 512, cpus: 2, cpusetCpus: "0,2" };
    expect(await update(well(), declaredMemory)).toEqual([
      "docker update --memory=536870912 --memory-swap=1073741824 --cpus=2 --cpuset-cpus=0,2 ms",
    ]);
  });

  test("GPUs that were lost come back by a restart of the same container", async () => {
    const lost = sight({ gpus: { host: [0, TWO_GPUS], inside: [255, "NVML"] } });
    let restarted = false;
    const hosts = well()
      .query(LOOK, () => (restarted ? sight() : lost))
      .mutate(/restart/, () => {
        restarted = true;
        return "";
      });
    expect(await update(hosts)).toEqual(["docker restart -t 10 ms"]);
    const still = update(well().query(LOOK, lost));
    await expect(still).rejects.toBeInstanceOf(InitFailed);
    await expect(still).rejects.toThrow(/still does not see its GPUs.*create-dev-char-symlinks/s);
  });

  test("a service that does not answer is started anew, the container is not", async () => {
    const hosts = well().query(LOOK, inTurn({ health: [1, "no sshd"] }, {}));
    expect(await update(hosts)).toEqual(["docker exec ms sh -c '/start restart'"]);
  });

  test("a service with other files is started anew, the container is not", async () => {
    const script = await update(well(), { service: { digest: "two", restartScript: "/start restart" } });
    expect(script).toEqual(["docker exec ms sh -c '/start restart'"]);
  });

  test("when that does not help the container is restarted, but not under somebody's work", async () => {
    const ill: Deviation = { health: [1, "no sshd"] };
    const idle = well().query(LOOK, inTurn(ill, ill, {}));
    expect(await update(idle)).toEqual(["docker exec ms sh -c '/start restart'", "docker restart -t 10 ms"]);

    const busy = well()
      .query(LOOK, sight(ill))
      .query(BUSY, "job train\n")
      .query(/docker logs/, "cannot bind\n");
    const attempt = update(busy);
    await expect(attempt).rejects.toBeInstanceOf(InitFailed);
    await expect(attempt).rejects.toThrow(
      /not healthy within .*: no sshd\ncannot bind.*job train runs in it.*MUSTER_INTERRUPT=train/s,
    );
    expect(busy.mutations).toEqual(["node-1: restart the service in container ms"]);
  });

  test("one that ends right after its start is not healthy, whatever its probe would say", async () => {
    const hosts = well()
      .query(LOOK, sight({ status: "exited" }))
      .query(/docker logs/, "no such file: /start\n");
    const attempt = update(hosts);
    await expect(attempt).rejects.toBeInstanceOf(InitFailed);
    await expect(attempt).rejects.toThrow(/not healthy within 5 seconds: it is exited\nno such file/);
  });

  test("another name renames it, unless somebody else has the name", async () => {
    const named = (name: string) => new RegExp(`^name=${name}\\n`);
    const hosts = well().query(named("train"), "absent\n");
    let renamed = false;
    hosts
      .query(named("train"), () => (renamed ? sight() : "absent\n"))
      .mutate(/rename/, () => {
        renamed = true;
        return "";
      });
    expect(await update(hosts, { name: "train" })).toEqual(["docker rename ms train"]);
    const taken = well().query(named("train"), sight({ id: "badbad" }));
    await expect(update(taken, { name: "train" })).rejects.toThrow(/did not make/);
  });

  test("does not take over a stranger's container", async () => {
    const hosts = new FakeHosts().query(LOOK, sight({ config: { Labels: {} } }));
    await expect(container.create(kindContext(hosts), declared)).rejects.toThrow(/did not make/);
    expect(hosts.mutations).toEqual([]);
  });

  test("completes what an interrupted run began, and replaces what another declaration wanted", async () => {
    const begun = well().query(LOOK, inTurn({ status: "created" }, {}));
    await container.create(kindContext(begun), declared);
    expect(begun.mutations).toEqual(["node-1: start container ms"]);
    const other = well().query(LOOK, sight({ config: { Labels: { "muster.cluster": "dev", "muster.spec": "x" } } }));
    await container.create(kindContext(other), declared);
    expect(other.mutations).toEqual(["node-1: remove container ms", "node-1: start container ms"]);
  });
});

describe("the busy guard", () => {
  const busy = (said: string) =>
    new FakeHosts()
      .query(LOOK, sight())
      .query(BUSY, said)
      .mutate(/remove/);

  test("names job, host and the variable", async () => {
    const hosts = busy("job train\n");
    await expect(container.delete(kindContext(hosts), "node-1/ms", old)).rejects.toMatchObject({
      problems: [
        {
          summary: "container ms is not removed: job train runs in it",
          where: "host node-1",
          remedy: expect.stringContaining("MUSTER_INTERRUPT=train muster up"),
        },
      ],
    });
    expect(hosts.mutations).toEqual([]);
  });

  test("names a process that uses a GPU and is no job's, by pid and command", async () => {
    const hosts = busy("job train\ngpu 77 python3 notebook.py\n");
    const attempt = container.delete(kindContext(hosts, ["train"]), "node-1/ms", old);
    await expect(attempt).rejects.toThrow("process 77 python3 notebook.py uses a GPU, and is no job of muster");
    await expect(attempt).rejects.toMatchObject({
      problems: [{ remedy: expect.stringContaining("MUSTER_INTERRUPT=ms ") }],
    });
  });

  test.each(["train", "ms"])("opens for MUSTER_INTERRUPT=%s", async name => {
    const hosts = busy("job train\n");
    await container.delete(kindContext(hosts, [name]), "node-1/ms", old);
    expect(hosts.mutations).toEqual(["node-1: remove container ms"]);
  });

  test("a question that could not be asked does not count as no", async () => {
    const hosts = new FakeHosts().query(LOOK, sight()).query(BUSY, { exitCode: 1, stderr: "no docker" });
    await expect(container.delete(kindContext(hosts), "node-1/ms", old)).rejects.toThrow(/ask who works/);
    expect(hosts.mutations).toEqual([]);
  });
});

describe("docker's refusals are explained", () => {
  test.each([
    ['could not select device driver "" with capabilities: [[gpu]]', /NVIDIA container toolkit/],
    ["no mount source /models\nno mount source /data", /\/models, \/data should be mounted/],
    ["Error: No such image: node:dev", /declare it as an Image/],
    ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock", /systemctl start docker/],
    ["Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", /container\.cpus/],
    ["something else", /something else/],
  ])("%s", (stderr, text) => {
    expect(JSON.stringify(explainRunFailure(declared, stderr).problems)).toMatch(text);
  });
});
