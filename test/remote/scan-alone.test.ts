import path from "node:path";
import { resolveAddress } from "../../remote/host-table";
import { Cleanup } from "../support/cleanup";
import { run } from "../support/command";
import { Sshd } from "./sshd";

const root = path.resolve(__dirname, "../..");
const cleanup = new Cleanup();
afterAll(cleanup.run);

/** A process that does nothing else: nothing but the scan keeps it alive. */
const PROGRAM = `
require("node:module").Module._extensions[".ts"] = (module, file) => {
  const options = { module: { type: "commonjs" }, jsc: { parser: { syntax: "typescript" }, target: "es2022" } };
  module._compile(require("@swc/core").transformFileSync(file, options).code, file);
};
const { ConnectionPool } = require("./remote/pool.ts");
const { scanHostKeys } = require("./remote/scan.ts");
scanHostKeys(new ConnectionPool(), JSON.parse(process.argv[1])).then(keys => console.log(keys.length));`;

test("a process that only scans through a bastion stays until it is done, and ends then", async () => {
  const [gate, inner] = await Promise.all([Sshd.start(), Sshd.start()]);
  for (const sshd of [gate, inner]) cleanup.add(() => sshd.stop());
  const target = resolveAddress(inner.host({ bastion: "gate" }), [gate.host({ name: "gate" })]);
  const { code, stdout } = await run(process.execPath, ["-e", PROGRAM, "--", JSON.stringify(target)], { cwd: root });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "1\n" });
});
