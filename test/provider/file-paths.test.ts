import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import {
  directoryScript,
  parseRead,
  permissionScript,
  readScript,
  removeScript,
  writeScript,
} from "../../provider/muster/kinds/file-script";
import { packages } from "../../provider/packages";
import { startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import { ProviderClient } from "../support/provider-client";

const folder = mkdtempSync(path.join(tmpdir(), "muster-paths-"));
const owner = `${process.getuid?.()}:${process.getgid?.()}`;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Names that a file may have on Linux; at most 4 bytes a letter, so that no name is too long. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        "\\",
        "$x",
        "`id`",
        "$(id)",
        "!",
        " ",
        "\t",
        "\r",
        "*",
        "?",
        "[a]",
        "~",
        "#",
        "-",
        "--",
        "=",
        ";",
        "|",
        "\x7f",
        "\x01",
        "ü",
        "漢",
        "😀",
        "%s",
      ),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 2 }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map(parts => Buffer.from(parts.join("").replace(/[/\0\n]/g, "_")).toString())
  .filter(text => text !== "." && text !== ".." && Buffer.byteLength(text) < 240);

function run(script: string, input = ""): string {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${stderr}\n${script}`);
  return stdout;
}

test("a file of any name is written, read, changed and removed, and nothing beside it", () => {
  fc.assert(
    fc.property(name, name, fc.string({ unit: "grapheme" }), (parent, own, content) => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      writeFileSync(path.join(folder, "sentinel"), "stays");
      const where = path.join(folder, parent === "sentinel" ? "other" : parent);
      const file = `${where}/${own}`;
      const placement = { path: file, mode: "0640", owner };
      run(writeScript(placement, { sizeBytes: Buffer.byteLength(content) }), content);
      expect(readdirSync(where)).toEqual([own]);
      expect(readFileSync(file, "utf8")).toBe(content);
      expect(parseRead(run(readScript(file, "")))).toMatchObject({ type: "file", mode: "0640" });
      run(permissionScript(file, { mode: "0600", owner }));
      expect(lstatSync(file).mode & 0o777).toBe(0o600);
      run(removeScript(file, false));
      expect(readdirSync(where)).toEqual([]);
      expect(parseRead(run(readScript(file, "")))).toBeUndefined();
      expect(run(directoryScript({ path: file, mode: "0700", owner }))).toBe("true\n");
      expect(parseRead(run(readScript(file, "")))).toMatchObject({ type: "directory" });
      run(removeScript(file, true));
      expect(readdirSync(where)).toEqual([]);
      expect(readFileSync(path.join(folder, "sentinel"), "utf8")).toBe("stays");
    }),
    { numRuns: 25 },
  );
});

test("a path with a line break, a NUL or dots is refused, and the reason names what it must not have", async () => {
  const server = await startProviderServer({ packages, services: newServices() });
  const client = new ProviderClient(await server.address("muster"));
  try {
    for (const bad of ["/a\nb", "/a\0b", "/a/../b", "/a/.", "/a/", "a", "", "/a//b"]) {
      const { failures } = await client.check("muster:index:File", { host: "node-1", path: bad, content: "" });
      expect(failures).toEqual([{ property: "path", reason: expect.stringContaining("a line break") }]);
    }
    for (const good of ["/-rf", "/a b/'c\"", "/...", "/.a", "/漢/\t"]) {
      expect((await client.check("muster:index:File", { host: "node-1", path: good, content: "" })).failures).toEqual(
        [],
      );
    }
  } finally {
    client.close();
    await server.stop();
  }
});
