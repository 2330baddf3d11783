import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Writes a `docker save` archive of an image with busybox and so many megabytes of random data, which nothing compresses. No registry
 * and no engine is needed for it.
 */
export function writeSmallImage(folder: string, reference: string, megabytes: number): string {
  const root = path.join(folder, "root");
  fs.mkdirSync(path.join(root, "bin"), { recursive: true });
  for (const name of ["tmp", "proc", "sys", "dev", "etc", "run", "root", "app"]) fs.mkdirSync(path.join(root, name));
  fs.copyFileSync(busybox(), path.join(root, "bin/busybox"));
  for (const applet of execFileSync(busybox(), ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") fs.symlinkSync("busybox", path.join(root, "bin", applet));
  }
  fs.writeFileSync(path.join(root, "ballast"), randomBytes(megabytes * 1_000_000));
  const layer = path.join(folder, "layer.tar");
  execFileSync("tar", ["-C", root, "--numeric-owner", "--owner=0", "--group=0", "-cf", layer, "."]);
  const layerDigest = createHash("sha256").update(fs.readFileSync(layer)).digest("hex");
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "2000-01-01T00:00:00Z",
    config: { Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: "2000-01-01T00:00:00Z", created_by: "fault tests" }],
  });
  const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
  fs.writeFileSync(path.join(folder, configName), config);
  fs.writeFileSync(
    path.join(folder, "manifest.json"),
    JSON.stringify([{ Config: configName, RepoTags: [reference], Layers: ["layer.tar"] }]),
  );
  const archive = path.join(folder, "image.tar");
  execFileSync("tar", ["-C", folder, "-cf", archive, "manifest.json", configName, "layer.tar"]);
  fs.rmSync(root, { recursive: true });
  fs.rmSync(layer);
  return archive;
}

/** Debian's busybox-static puts it in /bin or /usr/bin. */
function busybox(): string {
  const found = ["/bin/busybox", "/usr/bin/busybox"].find(file => fs.existsSync(file));
  if (found === undefined) throw new Error("busybox is not there; on Debian: apt-get install busybox-static");
  return found;
}
