import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CLAIMS_FOLDER,
  claimScript,
  holdersScript,
  parseHolders,
  releaseScript,
} from "../../provider/muster/kinds/job/claims";
import { processMark } from "../../provider/muster/kinds/job/gang-files";
import { Cleanup } from "../support/cleanup";

/** The real scripts, in a folder of their own. */
describe("claims on GPUs", () => {
  const cleanup = new Cleanup();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "muster-claims-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  });
  afterEach(cleanup.run);

  const run = (script: string) => {
    const text = script.replaceAll(CLAIMS_FOLDER, folder);
    execFileSync("shellcheck", ["--shell=sh", "-"], { input: text });
    const said = execFileSync("sh", ["-c", text]).toString();
    return parseHolders(said, "node-1").map(({ gpu, cluster, job }) => `${gpu} ${cluster}/${job}`);
  };
  const claim = (job: string, gpus: number[], cluster = "dev", incarnation = "abc") =>
    run(claimScript(cluster, job, incarnation, gpus));
  const taken = () => readdirSync(folder).sort();

  /** A process of the job, as its ranks are marked. */
  function live(job: string, cluster = "dev"): void {
    const env = { ...process.env, MUSTER_JOB: `${processMark(cluster, job, "abc")}:0.` };
    const child = spawn("sleep", ["600"], { env, stdio: "ignore" });
    cleanup.add(() => child.kill());
  }

  /** As if the claim were an hour old, or of the boot before. */
  function age(gpu: number, change: "an hour" | "another boot"): void {
    const owner = join(folder, `gpu-${gpu}/owner`);
    const [mark = "", since = "", boot = ""] = readFileSync(owner, "utf8").trim().split(" ");
    const text = change === "an hour" ? [mark, Number(since) - 3600, boot] : [mark, since, "0-0-0"];
    writeFileSync(owner, `${text.join(" ")}\n`);
  }

  test("one job has a GPU; the other is told who, and gets none of those it wanted", () => {
    expect(claim("serve", [1])).toEqual([]);
    expect(claim("train", [0, 1, 2])).toEqual(["1 dev/serve"]);
    expect(taken()).toEqual(["gpu-1"]);
    expect(run(holdersScript("dev", "train", [0, 1]))).toEqual(["1 dev/serve"]);
    expect(run(holdersScript("dev", "serve", [0, 1]))).toEqual([]);
    expect(taken()).toEqual(["gpu-1"]);
  });

  test("a job takes its own again, in its next run; and gives back only its own", () => {
    expect(claim("train", [0])).toEqual([]);
    expect(claim("train", [0, 1], "dev", "def")).toEqual([]);
    expect(claim("serve", [2])).toEqual([]);
    run(releaseScript("dev", "train"));
    expect(taken()).toEqual(["gpu-2"]);
  });

  test("a job of the same name in another cluster is another job", () => {
    expect(claim("train", [0], "prod")).toEqual([]);
    expect(claim("train", [0])).toEqual(["0 prod/train"]);
    run(releaseScript("dev", "train"));
    expect(taken()).toEqual(["gpu-0"]);
  });

  test("an old claim counts while a process of its job lives, and not longer", () => {
    claim("serve", [0]);
    claim("eval", [1]);
    live("serve");
    live("serve", "prod");
    age(0, "an hour");
    age(1, "an hour");
    expect(claim("train", [0, 1])).toEqual(["0 dev/serve"]);
    expect(claim("train", [1])).toEqual([]);
  });

  test("a claim of the boot before is stale at once", () => {
    claim("serve", [0]);
    age(0, "another boot");
    expect(claim("train", [0])).toEqual([]);
  });

  test("a claim that was left half made is taken over", () => {
    mkdirSync(join(folder, "gpu-0"));
    expect(run(holdersScript("dev", "train", [0]))).toEqual([]);
    expect(claim("train", [0])).toEqual([]);
    expect(existsSync(join(folder, "gpu-0/owner"))).toBe(true);
  });
});
