import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { ValueMap } from "../../wire/values";
import { Sshd } from "../remote/sshd";
import { ProviderClient } from "../support/provider-client";
import { inspected, inspectedImage } from "../support/sight";

const CONTAINER = "muster:index:Container";

/** A stand-in for docker on the host: it knows one container and its image. */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
case "$*" in
  'inspect --type container ms') cat "$here/container.json" ;;
  'inspect --type container -f {{.Image}} {{.State.Running}} {{.State.Paused}} [{{json .}}] ms')
    printf 'sha256:aa true false '; cat "$here/container.json" ;;
  'inspect --type container -f '*) exit 1 ;;
  'inspect --type container '*) echo "Error: No such container: $4" >&2; exit 1 ;;
  'image inspect sha256:aa') cat "$here/image.json" ;;
  *) echo "not expected: $*" >&2; exit 1 ;;
esac
`;

describe("import over the wire", () => {
  let folder: string;
  let sshd: Sshd;
  let server: ProviderServer;
  let client: ProviderClient;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "muster-import-"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/docker"), DOCKER);
    chmodSync(join(folder, "bin/docker"), 0o755);
    writeFileSync(join(folder, "bin/image.json"), JSON.stringify([inspectedImage]));
    const byHand = { config: { Labels: {}, Env: ["NOTE=it's", "PATH=/usr/bin", "LANG=C.UTF-8", "EXTRA=1"] } };
    const container = inspected({ ...byHand, host: { ShmSize: 64 * 1024 ** 2, PidsLimit: 0, CapDrop: null } });
    writeFileSync(join(folder, "bin/container.json"), JSON.stringify([container]));
    sshd = await Sshd.start([`SetEnv PATH=${folder}/bin:/usr/bin:/bin`]);
    server = await startProviderServer({ packages, services: newServices() });
    client = new ProviderClient(await server.address("muster"));
    await client.configure({
      cluster: "demo",
      hosts: [sshd.host() as unknown as ValueMap],
      auditLog: join(folder, "audit.log"),
    });
  });
  afterAll(async () => {
    client.close();
    await server.stop();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a container made by hand shows just the differences to what is declared", async () => {
    const found = await client.read(CONTAINER, "node-1/ms");
    expect(found.id).toBe("node-1/ms");
    expect(found.outputs).toMatchObject({ incarnation: "c0ffee", status: "running", problem: "", undeclared: [] });
    const { inputs, failures } = await client.check(CONTAINER, {
      host: "node-1",
      name: "ms",
      image: "node:dev",
      gpus: "all",
      shmSizeMib: 1024,
      network: "host",
      restart: "unless-stopped",
      init: true,
      workdir: "/work",
      mounts: [
        { source: "/var/lib/muster/dev/ssh", target: "/root/.ssh", readOnly: false },
        { source: "/models", target: "/models", readOnly: true },
      ],
      env: { NOTE: "it's" },
      ulimits: [{ name: "memlock", soft: -1, hard: -1 }],
      devices: ["/dev/infiniband"],
      capAdd: ["IPC_LOCK"],
      privileged: false,
      securityOpt: ["no-new-privileges"],
      entrypoint: "/bin/sh",
      command: ["/etc/muster/start.sh"],
      healthCommand: "/health",
      pidsLimit: 65536,
    });
    expect(failures).toEqual([]);
    const diff = await client.diff(CONTAINER, found.outputs, found.inputs, inputs);
    expect(Object.keys(diff.detailed).sort()).toEqual(["env.EXTRA", "pidsLimit", "shmSizeMib"]);
    expect([...diff.replacesList].sort()).toEqual(["env", "shmSizeMib"]);
  });

  test("a container that is not there, an id that is none, and a job are refused in words", async () => {
    expect((await client.read(CONTAINER, "node-1/other")).id).toBe("");
    await expect(client.read(CONTAINER, "ms")).rejects.toThrow("import it as HOST/CONTAINER");
    await expect(client.read("muster:index:Job", "train")).rejects.toThrow(
      /job train cannot be imported.*Remedy: declare it .*up then adopts the job that runs/s,
    );
  });
});
