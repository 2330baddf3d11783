import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/**
 * The checkout that the acceptance tests work in: a fresh copy of this one, so that "from a fresh clone" is what is tested,
 * and cluster files can be edited as a person would. MUSTER_ACCEPTANCE_DIR keeps it, and its image cache, between runs.
 */
export function makeCheckout(source: string): string {
  const kept = process.env.MUSTER_ACCEPTANCE_DIR;
  const checkout = kept ?? fs.mkdtempSync(path.join(os.tmpdir(), "muster-"));
  fs.mkdirSync(checkout, { recursive: true });
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: source });
  const present = files
    .toString()
    .split("\0")
    .filter(file => file !== "" && fs.existsSync(path.join(source, file)));
  execFileSync("rsync", ["-a", "--from0", "--files-from=-", `${source}/`, `${checkout}/`], {
    input: present.join("\0"),
  });
  process.env.MUSTER_ACCEPTANCE_CHECKOUT = checkout;
  return checkout;
}

/** Path of the checkout under test. */
export function checkout(): string {
  const found = process.env.MUSTER_ACCEPTANCE_CHECKOUT;
  if (found === undefined)
    throw new Error("no checkout: the acceptance tests are started by ./scripts/test acceptance");
  return found;
}

/** Whether the checkout and its image cache stay after the tests. */
export function isKept(): boolean {
  return process.env.MUSTER_ACCEPTANCE_DIR !== undefined;
}

/** Address of the Docker daemon that runs the simulated hosts, as the sandbox has written it down. */
export function dockerHost(): string {
  const script = '. sandbox/paths.sh && . "$STATE/images.env" && printf %s "$DOCKER_HOST"';
  return execFileSync("bash", ["-c", script], { cwd: checkout() }).toString();
}
