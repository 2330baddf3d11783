import { createPrivateKey, createPublicKey } from "node:crypto";
import { resolve } from "node:path";
import { newCurve25519Key } from "../../remote/curve25519-key";
import { run } from "../support/command";

test.each(["ed25519", "x25519"] as const)("the two numbers of a new %s key belong together", type => {
  const { secret, point } = newCurve25519Key(type);
  const header = Buffer.from(
    type === "ed25519" ? "302e020100300506032b657004220420" : "302e020100300506032b656e04220420",
    "hex",
  );
  const key = createPrivateKey({ key: Buffer.concat([header, secret]), format: "der", type: "pkcs8" });
  expect(createPublicKey(key).export({ type: "spki", format: "der" }).subarray(-32)).toEqual(point);
});

test("keys are made while the garbage collector is at work all the time", async () => {
  const program = `const { newCurve25519Key } = require(process.argv[1]);
    for (let i = 0; i < 4000; i++) newCurve25519Key(i % 2 ? "ed25519" : "x25519");
    console.log("made");`;
  const compiled = resolve(__dirname, "../../dist/remote/curve25519-key.js");
  const done = await run(process.execPath, ["--gc-interval=23", "-e", program, compiled], { deadlineSeconds: 50 });
  expect(done.stdout + done.stderr).toBe("made\n");
});
