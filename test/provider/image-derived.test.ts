import { createHash } from "node:crypto";
import {
  type BaseImage,
  changedPaths,
  type DerivedImage,
  parseBaseImage,
  recipeOf,
  thinArchive,
} from "../../provider/muster/kinds/image/derived-image";
import { manifestLayers, thinOciArchive } from "../../provider/muster/kinds/image/oci-archive";
import { transferStatus } from "../../provider/muster/kinds/image/progress";
import { pulledLayers } from "../../provider/muster/kinds/image/pull";
import { fullName, localName, parseReference } from "../../provider/muster/kinds/image/reference";

function theBase(): BaseImage {
  const base = parseBaseImage(
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
  if (!base) throw new Error("the base was not read");
  return base;
}

const image = (changes: Partial<DerivedImage> = {}): DerivedImage => ({
  base: theBase(),
  layer: { digest: `sha256:${"9".repeat(64)}`, sizeBytes: 20 },
  reference: "muster/dev-node:latest",
  recipe: "recipe-1",
  madeBy: "install sshd",
  ...changes,
});

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const json = (texts: ReadonlyMap<string, string>, name: string) => JSON.parse(texts.get(name) ?? "null");

describe("a derived image", () => {
  test("has the digest of its configuration as its id, the same every time", () => {
    const { imageId, texts } = thinArchive(image());
    const hex = imageId.replace("sha256:", "");
    expect(sha256(texts.get(`${hex}.json`) ?? "")).toBe(hex);
    expect(thinArchive(image()).imageId).toBe(imageId);
    expect(thinArchive(image({ layer: { digest: "sha256:other", sizeBytes: 1 } })).imageId).not.toBe(imageId);
  });

  test("keeps the base's configuration and layers, adds one, and says what it was made from and by", () => {
    const { imageId, texts } = thinArchive(image());
    const config = json(texts, `${imageId.replace("sha256:", "")}.json`);
    expect(config.rootfs.diff_ids).toEqual(["sha256:l1", "sha256:l2", `sha256:${"9".repeat(64)}`]);
    expect(config.history).toHaveLength(3);
    expect(config.config.Env).toEqual(["PATH=/opt/v/bin"]);
    expect(config.config.Labels).toEqual({ site: "x", "muster.derived": "sha256:base", "muster.recipe": "recipe-1" });
  });

  test("its manifest names a file for every layer, and the tag", () => {
    const { texts, layerFile } = thinArchive(image());
    const [manifest] = json(texts, "manifest.json");
    expect(manifest.Layers).toEqual(["l1/layer.tar", "l2/layer.tar", layerFile]);
    expect(manifest.RepoTags).toEqual(["muster/dev-node:latest"]);
  });

  test("in containerd's store has the digest of its manifest as its id, which names the base's layers as they are stored", () => {
    const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: "sha256:packed", size: 5 }];
    const { imageId, layerFile, texts } = thinOciArchive(image(), layers);
    const text = texts.get(`blobs/${imageId.replace(":", "/")}`) ?? "";
    expect(`sha256:${sha256(text)}`).toBe(imageId);
    const manifest = JSON.parse(text);
    expect(manifest.layers[0]).toEqual(layers[0]);
    expect(manifest.layers[1]).toMatchObject({ digest: `sha256:${"9".repeat(64)}`, size: 20 });
    expect(layerFile).toBe(`blobs/sha256/${"9".repeat(64)}`);
    const config = texts.get(`blobs/${manifest.config.digest.replace(":", "/")}`) ?? "";
    expect(`sha256:${sha256(config)}`).toBe(manifest.config.digest);
    expect(json(texts, "index.json").manifests[0]).toMatchObject({
      digest: imageId,
      annotations: { "io.containerd.image.name": "docker.io/muster/dev-node:latest" },
    });
  });

  test.each([
    ["one platform", [{ mediaType: "m", digest: "sha256:m1", size: 1 }]],
    [
      "several platforms and a signature",
      [
        {
          mediaType: "m",
          digest: "sha256:m2",
          size: 1,
          platform: { os: "linux", architecture: "arm64", variant: "v8" },
        },
        { mediaType: "m", digest: "sha256:m3", size: 1, platform: { os: "unknown", architecture: "unknown" } },
        { mediaType: "m", digest: "sha256:m1", size: 1, platform: { os: "linux", architecture: "amd64" } },
      ],
    ],
  ])("finds the base's layers in a layout of %s", (_what, manifests) => {
    const layers = [{ mediaType: "l", digest: "sha256:packed", size: 5 }];
    const files = new Map([
      ["index.json", JSON.stringify({ manifests: [{ mediaType: "i", digest: "sha256:i1", size: 1 }] })],
      ["i1", JSON.stringify({ manifests })],
      ["m1", JSON.stringify({ layers })],
      ["m2", JSON.stringify({ layers: [] })],
      ["m3", JSON.stringify({ layers: [] })],
    ]);
    expect(manifestLayers(files, theBase())).toEqual(layers);
    files.delete("m1");
    expect(manifestLayers(files, theBase())).toBeUndefined();
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

  test("its recipe is what goes in, not where that lies", () => {
    const derive = { base: "b:1", baseId: "sha256:1", packages: ["x", "y"], debs: "digest", debsDirectory: "/a" };
    expect(recipeOf({ ...derive, packages: ["y", "x"], debsDirectory: "/b" })).toBe(recipeOf(derive));
    for (const change of [{ baseId: "sha256:2" }, { packages: ["x"] }, { debs: "other" }])
      expect(recipeOf({ ...derive, ...change })).not.toBe(recipeOf(derive));
  });
});

describe("an image's name", () => {
  const digest = `sha256:${"1".repeat(64)}`;

  test.each([
    ["app", "docker.io", "app", "docker.io/library/app:latest"],
    ["me/app:2", "docker.io", "me/app:2", "docker.io/me/app:2"],
    ["host:5000/app", "host:5000", "host:5000/app", "host:5000/app:latest"],
    ["localhost/app:1", "localhost", "localhost/app:1", "localhost/app:1"],
    [`r.example/a/b:1@${digest}`, "r.example", "r.example/a/b:1", "r.example/a/b:1"],
    [`r.example/a/b@${digest}`, "r.example", `r.example/a/b@${digest}`, "r.example/a/b:latest"],
  ])("%s: registry, name on the host, full name", (text, registry, local, full) => {
    expect([parseReference(text).registry, localName(text), fullName(text)]).toEqual([registry, local, full]);
  });
});

describe("progress", () => {
  test("says who sends to whom, how much of how much, and how fast over the last seconds", () => {
    const lines: string[] = [];
    let now = 0;
    const report = transferStatus(
      "node-1 to node-3",
      1_720_000_000,
      line => lines.push(line),
      () => now,
    );
    for (const bytes of [0, 100e6, 200e6, 900e6]) {
      report(bytes);
      now += 2000;
    }
    expect(lines).toEqual([
      "node-1 to node-3: 0 of 1,720 MB",
      "node-1 to node-3: 100 of 1,720 MB, 50 MB/s",
      "node-1 to node-3: 200 of 1,720 MB, 50 MB/s",
      "node-1 to node-3: 900 of 1,720 MB, 150 MB/s",
    ]);
  });

  test("of a pull counts layers", () => {
    const output = [
      "1: Pulling from app",
      "aaaaaaaaaaaa: Already exists",
      "bbbbbbbbbbbb: Pulling fs layer",
      "cccccccccccc: Pulling fs layer",
      "bbbbbbbbbbbb: Verifying Checksum",
      "bbbbbbbbbbbb: Pull complete",
      "",
    ].join("\n");
    expect(pulledLayers(output)).toEqual({ done: 2, all: 3 });
  });
});
