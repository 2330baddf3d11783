import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Cleanup } from "../support/cleanup";
import { commandLines } from "../support/shell-lines";

/**
 * The Python of published wheels, unpacked in a folder of its own: nothing is installed. What is compiled stays in the wheel, but for
 * msgspec, which is compiled for the most part.
 */
export function unpackWheels(releases: readonly string[], cleanup: Cleanup): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-wheel-"));
  cleanup.add(() => fs.rmSync(folder, { recursive: true }));
  const options = ["-q", "--no-deps", "--disable-pip-version-check", "--dest", folder];
  execFileSync("python3", ["-m", "pip", "download", ...options, ...releases], { stdio: "inherit" });
  const unpack = `import glob, os, zipfile
for file in glob.glob("*.whl"):
    wheel = zipfile.ZipFile(file)
    wheel.extractall(members=[name for name in wheel.namelist() if name.endswith(".py") or name.startswith("msgspec/")])
    os.remove(file)`;
  execFileSync("python3", ["-c", unpack], { cwd: folder });
  return folder;
}

/** Installs packages, with what they need, in such a folder. */
export function installLibraries(releases: readonly string[], folder: string): void {
  const options = ["-q", "--disable-pip-version-check", "--root-user-action", "ignore", "--target", folder];
  execFileSync("python3", ["-m", "pip", "install", ...options, ...releases], {
    stdio: ["ignore", "inherit", "ignore"],
  });
}

/** Why a program of this folder refuses each line of words, asked of the parser in a wheel; empty where it takes it. */
export function verdictsOf(program: string, wheel: string, lines: readonly (readonly string[])[]): string[] {
  const file = path.join(__dirname, program);
  const told = execFileSync("python3", ["-B", file, wheel], { input: JSON.stringify(lines), encoding: "utf8" });
  return JSON.parse(told) as string[];
}

/** The reviewed command lines of servers that begin with these words, without them. */
export function reviewedOptions(...begin: readonly string[]): string[][] {
  const golden = path.join(__dirname, "..", "golden", "serving");
  const files = fs.readdirSync(golden).map(file => fs.readFileSync(path.join(golden, file), "utf8"));
  return files.flatMap(commandLines).flatMap(({ argv }) => optionsAfter(begin, argv));
}

/** The words behind `begin`, if the line begins so. */
export function optionsAfter(begin: readonly string[], argv: readonly string[]): string[][] {
  return begin.every((word, i) => argv[i] === word) ? [argv.slice(begin.length)] : [];
}
