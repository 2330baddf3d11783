import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { archiveIdentity } from "../../provider/muster/kinds/image/archive-file";
import { withIdentity } from "../../provider/muster/kinds/image/operator-files";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-archive-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const CONFIG = "c".repeat(64);
const MANIFEST = `sha256:${"e".repeat(64)}`;

interface Content {
  readonly manifest?: unknown;
  readonly index?: unknown;
  readonly layerBytes?: number;
}

/** An archive as docker writes it, by the system's tar. */
function archive(name: string, content: Content, format = "gnu"): string {
  const files = ["layer"];
  writeFileSync(path.join(folder, "layer"), "l".repeat(content.layerBytes ?? 3000));
  for (const each of ["manifest", "index"] as const) {
    if (content[each] === undefined) continue;
    writeFileSync(path.join(folder, `${each}.json`), JSON.stringify(content[each]));
    files.push(`${each}.json`);
  }
  const file = path.join(folder, name);
  execFileSync("tar", ["-C", folder, `--format=${format}`, "-cf", file, ...files]);
  return file;
}

const one = (tag = "app:1") => ({ manifest: [{ Config: `${CONFIG}.json`, RepoTags: [tag], Layers: ["layer"] }] });

describe("an archive on the operator's machine", () => {
  test.each(["gnu", "pax", "ustar"])("says which image it holds (%s)", async format => {
    expect(await archiveIdentity(archive("a.tar", one(), format), "app:1")).toEqual({ ids: [`sha256:${CONFIG}`] });
  });

  test("of a newer docker also says which id containerd's store gives to it", async () => {
    const index = { manifests: [{ digest: MANIFEST }] };
    const manifest = [{ Config: `blobs/sha256/${CONFIG}`, RepoTags: ["app:1"] }];
    const file = archive("a.tar", { manifest, index });
    expect((await archiveIdentity(file, "app:1")).ids).toEqual([`sha256:${CONFIG}`, MANIFEST]);
  });

  test.each([
    // The size in binary, in the one header.
    ["gnu", 512],
    // The size as text, in an extended header with a record of its own.
    ["pax", 1536],
  ])("with a layer of more than 8 GiB is read to its end (%s)", async (format, headerBytes) => {
    const bytes = 9 * 1024 ** 3;
    const layer = path.join(folder, "layer");
    writeFileSync(layer, "");
    truncateSync(layer, bytes);
    // The whole would fill the disk: header as tar writes it, a hole for the content, then a small archive's rest.
    const head = execFileSync("sh", [
      "-c",
      `tar -C '${folder}' --format=${format} -cf - layer | head -c ${headerBytes}`,
    ]);
    writeFileSync(layer, "");
    const rest = readFileSync(archive("rest.tar", one(), format));
    const file = path.join(folder, "big.tar");
    writeFileSync(file, head);
    truncateSync(file, headerBytes + bytes);
    appendFileSync(file, rest);
    expect((await archiveIdentity(file, "app:1")).ids).toEqual([`sha256:${CONFIG}`]);
  });

  test("with several images gives the one of the name, or says which names there are", async () => {
    const entry = (digit: string, tag: string) => ({ Config: `${digit.repeat(64)}.json`, RepoTags: [tag] });
    const file = archive("a.tar", { manifest: [entry("1", "app:1"), entry("2", "docker.io/library/app:2")] });
    expect((await archiveIdentity(file, "app:2")).ids).toEqual([`sha256:${"2".repeat(64)}`]);
    await expect(archiveIdentity(file, "other:1")).rejects.toMatchObject({
      problems: [{ where: file, detail: "it holds app:1, docker.io/library/app:2" }],
    });
  });

  test("compressed is told by a fingerprint, which changes with the content and not with the time", async () => {
    const pack = (bytes: number, name: string) => {
      const file = archive(`${name}.tar`, { ...one(), layerBytes: bytes });
      execFileSync("gzip", ["-n", file]);
      return `${file}.gz`;
    };
    const [first, same, other] = await Promise.all(
      [pack(3000, "a"), pack(3000, "b"), pack(3001, "c")].map(file => archiveIdentity(file, "app:1")),
    );
    expect(first?.ids).toBeUndefined();
    expect(first?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(other?.fingerprint).not.toBe(first?.fingerprint);
    expect(same?.fingerprint).toBeDefined();
  });

  test("that is none is refused with the command that makes one", async () => {
    await expect(archiveIdentity(archive("a.tar", {}), "app:1")).rejects.toMatchObject({
      problems: [{ remedy: "write it with: docker save -o FILE NAME:TAG" }],
    });
  });

  test("is read anew when it changed, and taken as it was when it is gone", async () => {
    const file = archive("a.tar", one());
    const before = await withIdentity({ archive: { path: file } }, "app:1");
    expect(before).toEqual({ archive: { path: file, ids: [`sha256:${CONFIG}`] } });
    archive("a.tar", { manifest: [{ Config: `${"d".repeat(64)}.json`, RepoTags: ["app:1"] }] });
    utimesSync(file, 1, 1);
    const after = await withIdentity({ archive: { path: file } }, "app:1", before);
    expect(after).toEqual({ archive: { path: file, ids: [`sha256:${"d".repeat(64)}`] } });
    rmSync(file);
    expect(await withIdentity({ archive: { path: file } }, "app:1", after)).toEqual(after);
    await expect(withIdentity({ archive: { path: file } }, "app:1")).rejects.toMatchObject({
      problems: [{ where: file }],
    });
  });
});

test("a folder of packages is told by what is in it", async () => {
  const derive = { base: "app:1", packages: ["x"], debsDirectory: folder };
  await expect(withIdentity({ derive }, "n:1")).rejects.toMatchObject({ problems: [{ where: folder }] });
  writeFileSync(path.join(folder, "x.deb"), "one");
  const first = await withIdentity({ derive }, "n:1");
  writeFileSync(path.join(folder, "notes.txt"), "not a package");
  expect(await withIdentity({ derive }, "n:1")).toEqual(first);
  writeFileSync(path.join(folder, "x.deb"), "another");
  expect(await withIdentity({ derive }, "n:1")).not.toEqual(first);
});
