import { InitFailed } from "../../provider/kind";
import { container } from "../../provider/muster/kinds/container";
import { containerArguments, specDigest } from "../../provider/muster/kinds/container-arguments";
import type { ContainerInputs, ContainerOutputs } from "../../provider/muster/kinds/container-inputs";
import { explainRunFailure } from "../../provider/muster/kinds/container-scripts";
import { FakeHosts } from "../../remote/fake";
import type { Probe } from "../../remote/runner";
import { kindContext } from "../support/kind-context";

const declared: ContainerInputs = {
  host: "node-1",
  name: "ms",
  image: "node:dev",
  gpus: "all",
  shmSizeMib: 131072,
  network: "host",
  restart: "unless-stopped",
  init: true,
  workdir: "/work",
  mounts: [
    { source: "/var/lib/muster/dev/ssh", target: "/root/.ssh" },
    { source: "/models", target: "/models", readOnly: true },
  ],
  env: { NOTE: "it's" },
  ulimits: [{ name: "memlock", soft: -1, hard: -1 }],
  devices: ["/dev/infiniband"],
  capAdd: ["IPC_LOCK"],
  command: ["sh", "/etc/muster/start"],
};

interface Deviation {
  readonly status?: string;
  readonly host?: object;
  readonly config?: object;
  readonly image?: string;
}

/** What docker 26 tells of the container above. */
function inspect(deviation: Deviation = {}): string {
  return JSON.stringify([
    {
      Id: "c0ffee",
      Image: deviation.image ?? "sha256:aa",
      State: { Status: deviation.status ?? "running", StartedAt: "2026-01-01T00:00:00Z" },
      Config: {
        Image: "node:dev",
        Hostname: "node-1",
        Env: ["NOTE=it's", "PATH=/usr/bin"],
        Cmd: ["sh", "/etc/muster/start"],
        WorkingDir: "/work",
        Labels: { "muster.cluster": "dev", "muster.spec": specDigest(declared) },
        ...deviation.config,
      },
      HostConfig: {
        NetworkMode: "host",
        RestartPolicy: { Name: "unless-stopped" },
        ShmSize: 131072 * 1024 ** 2,
        Privileged: false,
        Init: true,
        CapAdd: ["CAP_IPC_LOCK"],
        Devices: [{ PathOnHost: "/dev/infiniband" }],
        DeviceRequests: [{ Count: -1, DeviceIDs: null, Capabilities: [["gpu"]] }],
        Ulimits: [{ Name: "memlock", Soft: -1, Hard: -1 }],
        ...deviation.host,
      },
      Mounts: [
        { Type: "bind", Source: "/models", Destination: "/models", RW: false },
        { Type: "bind", Source: "/var/lib/muster/dev/ssh", Destination: "/root/.ssh", RW: true },
      ],
    },
  ]);
}

const outputs: ContainerOutputs = { incarnation: "c0ffee", status: "running", startedAt: "", imageId: "sha256:aa" };
const old = { ...declared, ...outputs };
const ABSENT = { exitCode: 1, stderr: "Error response from daemon: No such container: ms" };

async function drift(deviation: Deviation): Promise<Partial<ContainerInputs>> {
  const hosts = new FakeHosts().query("docker inspect", inspect(deviation));
  const seen = await container.read(kindContext(hosts), "node-1/ms", old);
  const pairs = Object.entries(seen?.inputs ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(declared[key as keyof ContainerInputs]),
  );
  return Object.fromEntries(pairs);
}

describe("the argument list", () => {
  test("is the whole docker run, in one order", () => {
    expect(containerArguments(declared, "dev").join(" ")).toBe(
      "docker run -d --name ms --gpus all --shm-size=131072m --net=host --restart=unless-stopped --init --workdir /work " +
        "--ulimit memlock=-1 --device /dev/infiniband --cap-add IPC_LOCK " +
        "--mount type=bind,source=/var/lib/muster/dev/ssh,target=/root/.ssh " +
        "--mount type=bind,source=/models,target=/models,readonly -e NOTE=it's " +
        `--label muster.cluster=dev --label muster.spec=${specDigest(declared)} node:dev sh /etc/muster/start`,
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

  test("the digest sees what needs a new container, not labels or restart policy", () => {
    expect(specDigest({ ...declared, labels: { a: "b" }, restart: "no" })).toBe(specDigest(declared));
    expect(specDigest({ ...declared, shmSizeMib: 64 })).not.toBe(specDigest(declared));
  });
});

describe("read", () => {
  test("shows no drift in a container as it was made", async () => {
    expect(await drift({})).toEqual({});
  });

  test.each<[string, Deviation, Partial<ContainerInputs>]>([
    ["GPUs", { host: { DeviceRequests: null } }, { gpus: "none" }],
    ["single GPUs", { host: { DeviceRequests: [{ Count: 0, DeviceIDs: ["1"], Capabilities: [] }] } }, { gpus: [1] }],
    ["shared memory", { host: { ShmSize: 64 * 1024 ** 2 } }, { shmSizeMib: 64 }],
    ["restart policy", { host: { RestartPolicy: { Name: "no" } } }, { restart: "no" }],
    ["environment", { config: { Env: ["NOTE=other"] } }, { env: { NOTE: "other" } }],
    ["command", { config: { Cmd: ["sleep"] } }, { command: ["sleep"] }],
    ["image", { image: "sha256:bb", config: { Image: "other:1" } }, { image: "other:1" }],
    ["privileges", { host: { Privileged: true } }, { privileged: true }],
  ])("shows drift of %s", async (_name, deviation, expected) => {
    expect(await drift(deviation)).toEqual(expected);
  });

  test("a container that is gone is drift that update repairs, not a lost resource", async () => {
    const hosts = new FakeHosts().query("docker inspect", ABSENT);
    const seen = await container.read(kindContext(hosts), "node-1/ms", old);
    expect(seen?.state.status).toBe("absent");
    expect(container.diff?.({ ...old, ...seen?.state }, declared)).toEqual([
      { path: "status", mode: "update", replace: false },
    ]);
  });

  test("docker that does not answer is an error, never absence", async () => {
    const hosts = new FakeHosts().query("docker inspect", {
      exitCode: 1,
      stderr: "Cannot connect to the Docker daemon",
    });
    await expect(container.read(kindContext(hosts), "node-1/ms", old)).rejects.toThrow(/could not be asked.*Remedy/s);
  });
});

describe("repair", () => {
  test("starts a stopped container, and sets its restart policy live", async () => {
    const stopped = inspect({ status: "exited", host: { RestartPolicy: { Name: "no" } } });
    const hosts = new FakeHosts().query("docker inspect", stopped).mutate(/container ms/);
    await container.update?.(kindContext(hosts), "node-1/ms", declared, old);
    expect(hosts.mutations).toEqual(["node-1: update, start container ms"]);
    expect(hosts.calls.find(call => call.verb === "mutate")?.script).toBe(
      "docker update --restart=unless-stopped ms && docker start ms",
    );
  });

  test("sends nothing to a container that is as it should be", async () => {
    const hosts = new FakeHosts().query("docker inspect", inspect());
    await container.update?.(kindContext(hosts), "node-1/ms", declared, old);
    expect(hosts.mutations).toEqual([]);
  });

  test("does not take over a stranger's container", async () => {
    const hosts = new FakeHosts().query("docker inspect", inspect({ config: { Labels: {} } }));
    await expect(container.create(kindContext(hosts), declared)).rejects.toThrow(/did not make/);
    expect(hosts.mutations).toEqual([]);
  });
});

describe("health", () => {
  const probed: ContainerInputs = { ...declared, healthProbe: { script: "true", timeoutSeconds: 5 } };

  test("is waited for; when it does not come, the container is kept with what the probe said", async () => {
    const hosts = new FakeHosts().query("docker inspect", inspect());
    hosts.query("docker exec", { exitCode: 1, stdout: "connection refused" });
    const failure = await container.update?.(kindContext(hosts), "node-1/ms", probed, old).catch(error => error);
    expect(failure).toBeInstanceOf(InitFailed);
    expect(failure).toMatchObject({
      state: { incarnation: "c0ffee" },
      reasons: [expect.stringMatching(/was not healthy.*connection refused/s)],
    });
  });

  test("is not waited for when the container is gone meanwhile", async () => {
    let asked = 0;
    const hosts = new FakeHosts().mutate(/start container/);
    hosts.query("docker inspect", () => (asked++ === 0 ? inspect({ status: "exited" }) : ABSENT));
    const context = kindContext(hosts);
    const { probe } = context.hosts;
    let wasStopped = false;
    // A probe that only its signal ends.
    const endless: Probe["query"] = (_script, options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener("abort", () => {
          wasStopped = true;
          reject(new Error("stopped"));
        });
      });
    context.hosts.probe = host => {
      const real = probe.call(hosts, host);
      const query: Probe["query"] = (script, options) =>
        script.includes("docker exec") ? endless(script, options) : real.query(script, options);
      return { ...real, query };
    };
    await expect(container.update?.(context, "node-1/ms", probed, old)).rejects.toThrow(/ended at once and is gone/);
    expect(wasStopped).toBe(true);
  });
});

describe("the busy guard", () => {
  const busy = () =>
    new FakeHosts()
      .query("docker inspect", inspect())
      .query("docker top", "job train\ngpu 7 python3\n")
      .mutate(/remove/);

  test("names the job and the variable", async () => {
    const hosts = busy();
    await expect(container.delete(kindContext(hosts), "node-1/ms", old)).rejects.toThrow(
      /job train runs in it; process 7 python3 uses a GPU.*MUSTER_INTERRUPT=train/s,
    );
    expect(hosts.mutations).toEqual([]);
  });

  test.each(["train", "ms"])("opens for MUSTER_INTERRUPT=%s", async name => {
    const hosts = busy();
    await container.delete(kindContext(hosts, [name]), "node-1/ms", old);
    expect(hosts.mutations).toEqual(["node-1: remove container ms"]);
  });
});

describe("docker's refusals are explained", () => {
  test.each([
    ['could not select device driver "" with capabilities: [[gpu]]', /NVIDIA container toolkit/],
    ["no mount source /models\nno mount source /data", /\/models, \/data should be mounted/],
    ["Error: No such image: node:dev", /declare it as an Image/],
    ["Cannot connect to the Docker daemon at unix:///var/run/docker.sock", /systemctl start docker/],
    ["something else", /something else/],
  ])("%s", (stderr, text) => {
    expect(explainRunFailure(declared, stderr)).toMatch(text);
  });
});
