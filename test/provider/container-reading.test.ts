import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ContainerInputs } from "../../provider/muster/kinds/container/inputs";
import { parseSight, readScript } from "../../provider/muster/kinds/container/reading";
import { Cleanup } from "../support/cleanup";
import { inspected, inspectedImage } from "../support/sight";

const cleanup = new Cleanup();
let folder: string;

/** A *simulated* docker with one container; what is to run in it runs here. Each call is noted by its first two words. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "muster-look-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, "container.json"), JSON.stringify(inspected()));
  writeFileSync(path.join(folder, "image.json"), JSON.stringify([inspectedImage]));
  const docker = `#!/bin/sh
echo "$1 $2" >>${folder}/calls
case $1 in
  inspect) printf 'sha256:aa %s [%s]\\n' "$(cat ${folder}/state 2>/dev/null || echo true false)" "$(cat ${folder}/container.json)" ;;
  image) [ "$3" = sha256:aa ] && cat ${folder}/image.json ;;
  exec) shift 2; exec "$@" ;;
esac
`;
  writeFileSync(path.join(folder, "docker"), docker, { mode: 0o755 });
  writeFileSync(path.join(folder, "nvidia-smi"), "#!/bin/sh\necho 'GPU 0: one (UUID: GPU-a)'\n", { mode: 0o755 });
});
afterEach(cleanup.run);

function look(asked: Partial<Pick<ContainerInputs, "gpus" | "healthProbe">>, patienceSeconds?: number) {
  const wanted = { name: "ms", gpus: "none" as const, ...asked };
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const done = spawnSync("sh", ["-c", readScript(wanted, patienceSeconds)], { encoding: "utf8", env });
  const calls = readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");
  return { sight: parseSight(done.stdout, wanted), calls, code: done.status };
}

/** A probe that succeeds at its n-th try. */
function triedTimes(count: number): ContainerInputs["healthProbe"] {
  const tries = path.join(folder, "tries");
  return { script: `echo x >>${tries}; [ "$(wc -l <${tries})" -ge ${count} ]`, timeoutSeconds: 60 };
}

test("everything is seen with one call of docker each, also when the probe has to be tried five times", () => {
  const { sight, calls } = look({ gpus: "all", healthProbe: triedTimes(5) }, 60);
  expect(sight).toMatchObject({ container: { Id: "c0ffee", Image: "sha256:aa" }, image: inspectedImage.Config });
  expect(sight?.unhealthy).toBeUndefined();
  expect(sight?.gpusLost).toBeUndefined();
  expect(calls).toEqual(["inspect --type", "image inspect", "exec ms"]);
  expect(readFileSync(path.join(folder, "tries"), "utf8").trim().split("\n")).toHaveLength(5);
});

test("a probe may exit or stop at its first error: it is tried again all the same", () => {
  const probe = triedTimes(2);
  const script = `set -e; ${probe?.script}; exit 0`;
  expect(look({ healthProbe: { script, timeoutSeconds: 60 } }, 60).sight?.unhealthy).toBeUndefined();
});

test("one that never succeeds is unhealthy with its own last words", () => {
  const { sight } = look({ healthProbe: { script: "echo no sshd >&2; exit 3", timeoutSeconds: 60 } });
  expect(sight?.unhealthy).toBe("its health probe fails: no sshd");
});

test.each(["false false", "true true"])("nobody asks in a container that does not run: %s", state => {
  writeFileSync(path.join(folder, "state"), state);
  const { sight, calls } = look({ gpus: "all", healthProbe: triedTimes(1) }, 60);
  expect(sight?.container.Id).toBe("c0ffee");
  expect(calls).toEqual(["inspect --type", "image inspect"]);
});

test("a container that cannot be entered is unhealthy and not without its GPUs' reason", () => {
  const docker = readFileSync(path.join(folder, "docker"), "utf8");
  const refusing = docker.replace('exec) shift 2; exec "$@" ;;', "exec) echo OCI runtime exec failed >&2; exit 126 ;;");
  writeFileSync(path.join(folder, "docker"), refusing);
  const { sight } = look({ gpus: "all", healthProbe: triedTimes(1) });
  expect(sight?.unhealthy).toBe("its health probe fails: OCI runtime exec failed");
  expect(sight?.gpusLost).toBe("nvidia-smi fails in it, and works on the host: OCI runtime exec failed");
});
