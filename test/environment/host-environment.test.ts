import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ValueMap } from "../../wire/values";
import { Checkout, type Up } from "../faults/checkout";
import { sandboxFolder } from "../faults/site";
import { Operator } from "../spread/provider";
import { hostTable, OutsideView } from "../spread/site";
import { Cleanup } from "../support/cleanup";
import { makeWheels } from "../support/setup-steps";

/**
 * A pipeline without Docker on two *simulated* hosts without a network: a venv of the hosts' Python from small wheels, in which a
 * *simulated* vllm serves. The hosts' Python has no ensurepip, as Debian's; their CUDA toolkit is a script that says its version.
 */
const CLUSTER = "byhand";
const AT = "/opt/envs/byhand";
const table = hostTable().slice(0, 2);
const [first, second] = table.map(host => new OutsideView(host.name)) as [OutsideView, OutsideView];
const cleanup = new Cleanup();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-by-hand-"));
let checkout: Checkout;

const clusterFile = (python: string): string =>
  JSON.stringify({
    cluster: CLUSTER,
    runtime: "host",
    slots: 1,
    hosts: table.map(({ name, address }) => ({ name, address })),
    ssh: { user: "root", identityFile: path.join(sandboxFolder(), "id_ed25519"), configFile: "none" },
    knownHosts: path.join(sandboxFolder(), "known_hosts"),
    python: {
      wheels: "/srv/by-hand",
      packages: ["swanlab"],
      environment: { kind: "venv", path: AT, swift: "3.9.3", components: ["vllm"], versions: { python } },
    },
    pipeline: {
      model: { path: "/models/tiny" },
      serve: { engine: "vllm", node: "node-1", gpus: [0], port: 6060, servedModelName: "tiny", readyMinutes: 1 },
      // The stand-in answers whole texts only.
      smoke: { prompt: "hello", maxTokens: 8, timeoutSeconds: 30, stream: false },
    },
  });

/** Bytes and times of all that the environment and muster have on a host, and the processes of the jobs. */
const everything = (host: OutsideView): Promise<string> =>
  host.ask(`find ${AT} /var/lib/muster/${CLUSTER} -not -path '*/jobs/*' -not -name '*.pyc' -not -name __pycache__ -printf '%p %s %T@\\n' | sort
    pgrep -f '${AT}/bin/vllm|sshd.*${CLUSTER}'`);

const version = (host: OutsideView, name: string): Promise<string> =>
  host.ask(`${AT}/bin/python -c "import ${name}; print(${name}.__version__)"`);

async function up(): Promise<Up> {
  const done = await checkout.up();
  if (done.code !== 0) throw new Error(done.told);
  return done;
}

beforeAll(async () => {
  cleanup.add(() => fs.rmSync(folder, { recursive: true, force: true }));
  const wheels = path.join(folder, "wheels");
  makeWheels(
    wheels,
    "torch==2.8.0",
    "torch==2.9.0",
    "transformers==4.57.1",
    "peft==0.17.1",
    "trl==0.23.1",
    "swanlab==0.6.0",
  );
  const vllm = path.join(__dirname, "vllm_program.py");
  makeWheels(wheels, "ms-swift==3.9.3,torch,transformers,peft,trl", `vllm==0.11.0=${vllm},torch==2.8.0`);
  const bundled = 'import ensurepip, os; print(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))';
  const pip = execFileSync("python3", ["-c", bundled], { encoding: "utf8" }).trim();
  execFileSync("sh", ["-c", `cp "${pip}"/pip-*.whl "${wheels}" && tar -C "${wheels}" -cf "${folder}/wheels.tar" .`]);
  for (const host of [first, second]) {
    cleanup.add(() =>
      host.ask(
        "rm -rf /srv/by-hand /srv/by-hand.tar /models/tiny; [ ! -e /usr/local/cuda/simulated ] || rm -rf /usr/local/cuda",
      ),
    );
    await host.put(path.join(folder, "wheels.tar"), "/srv/by-hand.tar");
    await host.ask(`mkdir -p /srv/by-hand /models/tiny /usr/local/cuda/bin /usr/local/cuda/include /usr/local/cuda/lib64
      tar -C /srv/by-hand -xf /srv/by-hand.tar; touch /usr/local/cuda/simulated /usr/local/cuda/include/cuda_runtime.h
      printf '#!/bin/sh\\necho Cuda compilation tools, release 12.8, V12.8.93\\n' >/usr/local/cuda/bin/nvcc
      chmod +x /usr/local/cuda/bin/nvcc`);
  }
  checkout = new Checkout(folder, CLUSTER, "index.js");
  const python = await first.ask(`python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])'`);
  fs.writeFileSync(path.join(checkout.folder, "cluster.yaml"), clusterFile(python));
  fs.writeFileSync(path.join(checkout.folder, "Pulumi.dev.yaml"), `config:\n  ${CLUSTER}:cluster: cluster.yaml\n`);
});
afterAll(cleanup.run);

describe("a pipeline on hosts without Docker", () => {
  const own = "ls -la /root/.ssh /etc/ssh; cat /root/.ssh/authorized_keys";
  let ownSsh: string;

  test("serves from an environment that was made of wheels alone, and the smoke test's reply says so", async () => {
    ownSsh = await first.ask(own);
    await up();
    cleanup.add(() => checkout.muster("destroy", "--yes"));
    const shown = await checkout.muster("stack", "output", "--json");
    expect(JSON.parse(shown.stdout)).toMatchObject({
      reply: `hello from ${AT}/bin/python, CUDA_HOME /usr/local/cuda`,
      steps: { serve: "ready", smoke: "completed" },
    });
    for (const host of [first, second]) expect(await version(host, "torch")).toBe("2.8.0");
  });

  test("a second up changes nothing: no step, not a byte or a time of a file, the same processes", async () => {
    const before = [await everything(first), await everything(second)];
    expect((await up()).changes).toEqual([]);
    expect([await everything(first), await everything(second)]).toEqual(before);
  });

  test("a package of another version is found and put back, on that host alone", async () => {
    await second.ask(`${AT}/bin/python -m pip -q install --no-deps torch==2.9.0`);
    expect((await up()).changes).toEqual([`update ${CLUSTER}-node-2-python`]);
    expect(await version(second, "torch")).toBe("2.8.0");
    expect((await up()).changes).toEqual([]);
  });

  test("the hosts reach each other by the mesh's own sshd, and ranks of one job run on both", async () => {
    expect(await first.ask(`/var/lib/muster/${CLUSTER}/bin/ssh node-2 hostname`)).toBe("node-2");
    const operator = await Operator.start(cleanup, CLUSTER);
    const rank = (host: string): ValueMap => ({ host, argv: ["sh", "-c", "hostname >/srv/by-hand/rank"], env: {} });
    const job: ValueMap = {
      name: "both",
      ranks: [rank("node-1"), rank("node-2")],
      sshConfig: `/var/lib/muster/${CLUSTER}/ssh/config`,
      identity: {},
      mode: "completed",
      waitSeconds: 60,
    };
    const { inputs, failures } = await operator.client.check("muster:index:Job", job);
    expect(failures).toEqual([]);
    const made = await operator.client.create("muster:index:Job", inputs);
    expect(made.outputs.status).toBe("completed");
    expect([await first.ask("cat /srv/by-hand/rank"), await second.ask("cat /srv/by-hand/rank")]).toEqual([
      "node-1",
      "node-2",
    ]);
    await operator.client.delete("muster:index:Job", made.id, made.outputs, inputs);
  });

  test("a server and an sshd that somebody killed come back", async () => {
    await first.ask(`pkill -KILL -f '${AT}/bin/vllm'; pkill -KILL -f 'sshd.*${CLUSTER}'; sleep 0`);
    const { changes } = await up();
    expect(changes).toEqual(expect.arrayContaining([`update ${CLUSTER}-node-1-mesh-sshd`]));
    expect(await first.ask(`/var/lib/muster/${CLUSTER}/bin/ssh node-2 hostname`)).toBe("node-2");
    expect(await first.ask("curl -fsS http://$(hostname -i):6060/v1/models")).toContain("tiny");
  });

  test("destroy leaves nothing, and the hosts' own ssh was never touched", async () => {
    const done = await checkout.muster("destroy", "--yes");
    expect([done.code, done.stderr]).toEqual([0, ""]);
    for (const host of [first, second]) {
      expect(
        await host.ask(
          `ls -d ${AT} ${AT}.lock /var/lib/muster/${CLUSTER} 2>/dev/null; pgrep -f 'bin/vllm|sshd.*${CLUSTER}'; true`,
        ),
      ).toBe("");
    }
    expect(await first.ask(own)).toBe(ownSsh);
  });
});
