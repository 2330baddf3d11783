import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadArchiveScript } from "../../provider/muster/kinds/image/bring";
import {
  debChecksumsScript,
  installScript,
  layoutTextsScript,
  loadDerivedScript,
  packLayerScript,
} from "../../provider/muster/kinds/image/derive-scripts";
import { lookScript } from "../../provider/muster/kinds/image/facts";
import { offerScript } from "../../provider/muster/kinds/image/offer";
import { leftoversScript, sweepScript } from "../../provider/muster/kinds/image/paths";
import { pullScript } from "../../provider/muster/kinds/image/pull";
import { removeScript } from "../../provider/muster/kinds/image/remove-script";
import { spaceScript } from "../../provider/muster/kinds/image/space";
import { loadScript } from "../../provider/muster/kinds/image/spread";
import { bytesThereScript, receiveScript } from "../../remote/incoming-file";
import { peerFeed, peerServerScript } from "../../remote/peer-scripts";

const id = `sha256:${"a".repeat(64)}`;
const file = { path: "/var/lib/muster/a b/x.tar", sizeBytes: 100, sha256: "5".repeat(64) };
const derivation = { base: "app:1", packages: ["openssh-server", "pdsh"] };
const thin = { imageId: id, layerFile: "blobs/sha256/x" };

const scripts: Readonly<Record<string, string>> = {
  look: lookScript("app:1"),
  pull: pullScript("app:1"),
  login: pullScript("r/app:1", { server: "r", user: "o'me" }),
  offer: offerScript("dev", { reference: "app:1", imageId: id }),
  space: spaceScript(file),
  load: loadScript(file.path, [id], "app:1"),
  "load an archive": loadArchiveScript(file.path, "app:1", { ids: [id, id] }),
  "load an archive and keep it": loadArchiveScript(file.path, "app:1", { ids: [], keepIn: "/var/lib/x y" }),
  remove: removeScript({ reference: "app:1", source: { derive: derivation } }, id, "dev"),
  leftovers: leftoversScript("dev", id),
  sweep: sweepScript("dev"),
  "deb checksums": debChecksumsScript("dev"),
  install: installScript("dev", derivation),
  "install from a folder": installScript("dev", { ...derivation, debsDirectory: "/x" }),
  "install from a mirror": installScript("dev", { ...derivation, mirror: "http://mirror.example/debian" }),
  pack: packLayerScript("dev", "c0ffee"),
  "load derived": loadDerivedScript("/var/lib/x y/build.1", thin, "app:1", file.path),
  layout: layoutTextsScript(id),
  receive: receiveScript(file, { command: "cat", fromByte: 5 }),
  fetch: receiveScript(file, peerFeed({ address: "fd00::1", port: 20001, user: "root" })),
  "bytes there": bytesThereScript(file),
  serve: peerServerScript({ file: file.path, address: "fd00::1", ports: [1, 2], limitSeconds: 9 }),
};

/** Text inside quotes that another shell runs is not seen from outside: it is checked by itself. */
function inner(script: string): string[] {
  return [...script.matchAll(/(?:sh -c |--to-command=)'((?:[^']|'\\'')*)'/g)].map(match =>
    (match[1] ?? "").replaceAll("'\\''", "'"),
  );
}

describe("shell text for images", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "muster-scripts-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(
    Object.entries(scripts).flatMap(([name, text]) =>
      [text, ...inner(text)].map((part, index) => [name, index, part] as const),
    ),
  )("%s (%i) is POSIX sh without a finding of shellcheck", (_name, _index, text) => {
    const script = path.join(folder, "script");
    writeFileSync(script, text);
    expect(() => execFileSync("sh", ["-n", script])).not.toThrow();
    // Loops over a list that happens to have one entry, text for another shell, files of another system.
    const accepted = "SC2043,SC2016,SC1091";
    const said = execFileSync("sh", ["-c", `shellcheck -s sh -e ${accepted} "${script}" || true`], {
      encoding: "utf8",
    });
    expect(said).toBe("");
  });
});
