import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { endRunning, measure, output } from "../../../scripts/bench-hosts/command";
import { until } from "../../support/command";

let folder: string;
let log: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-command-"));
  log = path.join(folder, "log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string) => ({ program: "sh", args: ["-c", script] });

test("the output of a command, fed with bytes; one that fails says what it said", async () => {
  expect((await output({ ...shell("cat"), input: Buffer.from([0, 255, 10]) })).equals(Buffer.from([0, 255, 10]))).toBe(
    true,
  );
  await expect(output(shell("echo one; echo two >&2; exit 3"))).rejects.toThrow(/ended with 3\none\ntwo/);
});

test("a measured command leaves its words in the log, the first line that was looked for, and its processor time", async () => {
  const script = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; echo not this; echo '  + this'; echo said >&2";
  const measured = await measure(shell(script), log, /^ +\+/);
  expect(readFileSync(log, "utf8").split("\n").sort()).toEqual(["", "  + this", "not this", "said"]);
  expect(measured.cpuSeconds).toBeGreaterThan(0);
  expect(measured.firstLineSeconds).toBeLessThanOrEqual(measured.seconds);
  expect(await measure(shell("echo other"), log, /^ +\+/)).not.toHaveProperty("firstLineSeconds");
});

test("one that fails names its log", async () => {
  await expect(measure(shell("echo why >&2; exit 7"), log)).rejects.toThrow(`ended with 7; it said: ${log}`);
  expect(readFileSync(log, "utf8")).toBe("why\n");
});

test("an interrupt ends a command with all that it has started", async () => {
  const file = path.join(folder, "pid");
  const running = measure(shell(`sleep 1000 & echo $! >${file}.new && mv ${file}.new ${file}; wait`), log);
  running.catch(() => {});
  const pid = Number(await until("it runs", async () => (existsSync(file) ? readFileSync(file, "utf8") : undefined)));
  endRunning();
  await expect(running).rejects.toThrow("ended with");
  // Gone, or dead and not yet fetched by whoever is process 1 here.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z ";
  expect(stat).toMatch(/\) Z /);
});
