import { createHash } from "node:crypto";
import { image } from "../../provider/muster/kinds/image";
import { changedPaths, deriveImage, parseBaseImage } from "../../provider/muster/kinds/image-config";
import { parseLook } from "../../provider/muster/kinds/image-scripts";
import { FakeHosts } from "../../remote/fake";
import { kindContext } from "../support/kind-context";

const BASE = parseBaseImage(
  JSON.stringify([
    {
      Id: "sha256:base",
      Architecture: "amd64",
      Os: "linux",
      Config: { Env: ["PATH=/opt/v/bin"], Cmd: ["bash"], Labels: { site: "x" }, Image: "sha256:old" },
      RootFS: { Layers: ["sha256:l1", "sha256:l2"] },
    },
  ]),
);

function built(layer = "sha256:new") {
  if (!BASE) throw new Error("the base was not read");
  return deriveImage(BASE, layer, "node:dev", "install sshd");
}

const ID = `sha256:${"a".repeat(64)}`;
const inputs = image.inputs.parse({ host: "node-1", reference: "node:dev", source: { pull: {} } });

describe("a derived image", () => {
  test("has the digest of its configuration as its id, the same every time", () => {
    const { id, config } = built();
    expect(id).toBe(`sha256:${createHash("sha256").update(config).digest("hex")}`);
    expect(built().id).toBe(id);
    expect(built("sha256:other").id).not.toBe(id);
  });

  test("keeps the base's configuration and layers, adds one, and says so", () => {
    const config = JSON.parse(built().config);
    expect(config.rootfs.diff_ids).toEqual(["sha256:l1", "sha256:l2", "sha256:new"]);
    expect(config.history).toHaveLength(3);
    expect(config.config.Env).toEqual(["PATH=/opt/v/bin"]);
    expect(config.config.Labels).toEqual({ site: "x", "muster.derived": "sha256:base" });
  });

  test("its manifest names a file for every layer, and the tag", () => {
    const [manifest] = JSON.parse(built().manifest);
    expect(manifest.Layers).toEqual(["l1/layer.tar", "l2/layer.tar", "layer.tar"]);
    expect(manifest.RepoTags).toEqual(["node:dev"]);
    expect(`sha256:${manifest.Config}`).toBe(`${built().id}.json`);
  });

  test("leaves out caches, logs and host keys made at installation; deleted files of the base are told", () => {
    const diff = [
      "C /etc",
      "A /usr/sbin/sshd",
      "A /etc/ssh/ssh_host_rsa_key",
      "C /var/log/dpkg.log",
      "A /var/cache/apt/pkgcache.bin",
      "D /tmp/x",
      "D /usr/lib/libold.so",
      "A /etc/hosts.allow",
    ].join("\n");
    expect(changedPaths(diff)).toEqual({
      kept: ["etc", "etc/hosts.allow", "usr/sbin/sshd"],
      deleted: ["/usr/lib/libold.so"],
    });
  });
});

describe("an image on a host", () => {
  test("that is there already is used and never removed", async () => {
    const hosts = new FakeHosts().query("docker image inspect", `has ${ID} 5 \n`);
    const made = await image.create(kindContext(hosts), inputs);
    expect(made).toEqual({ id: "node-1/node:dev", state: { imageId: ID, sizeBytes: 5, digest: "", owned: false } });
    await image.delete(kindContext(hosts), made.id, { ...inputs, ...made.state });
    expect(hosts.mutations).toEqual([]);
  });

  test("is pulled when it is not, and is then ours", async () => {
    let there = false;
    const hosts = new FakeHosts()
      .query("docker image inspect", () => (there ? `has ${ID} 5 repo@sha256:dd\n` : "absent\n"))
      .mutate("pull image", () => {
        there = true;
        return "";
      });
    const made = await image.create(kindContext(hosts), inputs);
    expect(made.state).toEqual({ imageId: ID, sizeBytes: 5, digest: "sha256:dd", owned: true });
    expect(hosts.mutations).toEqual(["node-1: pull image node:dev"]);
  });

  test("that is gone is drift; docker that does not answer is an error", async () => {
    const old = { ...inputs, imageId: ID, sizeBytes: 5, digest: "", owned: true };
    const gone = await image.read(kindContext(new FakeHosts().query("docker image inspect", "absent\n")), "id", old);
    expect(gone?.state.imageId).toBe("");
    expect(image.diff?.({ ...old, imageId: "" }, inputs)).toHaveLength(1);
    const dead = new FakeHosts().query("docker image inspect", { exitCode: 1, stderr: "Cannot connect" });
    await expect(image.read(kindContext(dead), "id", old)).rejects.toMatchObject({
      problems: [{ where: "host node-1", detail: "Cannot connect" }],
    });
  });

  test("has exactly one source, and never itself", () => {
    expect(image.inputs.safeParse({ ...inputs, source: { pull: {}, archive: "/x.tar" } }).success).toBe(false);
    const itself = { ...inputs, source: { spread: { fromHost: "node-1", imageId: ID } } };
    expect(image.check?.(itself, new Set())).toHaveLength(1);
    expect(parseLook("nonsense")).toBeUndefined();
  });
});
