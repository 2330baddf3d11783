import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline";
import { leashed } from "../support/leash";
import { hosts, parsersImage } from "./site";

/** Where the Python of a version finds its packages. */
function searchPath(version: string): string {
  return version === "3.7.1" ? "" : `/opt/parsers/${version}:/opt/parsers/libraries`;
}

/**
 * A Python program of this folder that runs with one version of ms-swift on the first host, in a container without network, for as long
 * as the test: JSON objects a line in, JSON objects a line out.
 */
export class PythonProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;
  private errors = "";

  constructor(
    private readonly program: string,
    readonly version: string,
    args: readonly string[] = [],
  ) {
    const text = fs.readFileSync(path.join(__dirname, program), "utf8");
    const environment = { PYTHONPATH: searchPath(version), OMP_NUM_THREADS: "1", TRANSFORMERS_OFFLINE: "1" };
    const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const inside = ["docker", "run", "-i", "--rm", "--network", "none", ...variables, parsersImage];
    const [command, argv] = leashed(
      "docker",
      ...["-H", hosts.dockerHost, "exec", "-i", hosts.containerOf("node-1")],
      ...[...inside, "/opt/swift/bin/python", "-c", text, ...args],
    );
    this.child = spawn(command, argv, { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stderr.on("data", chunk => {
      this.errors = `${this.errors}${chunk}`.slice(-4000);
    });
    this.answers = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that the program writes. */
  async next<T>(): Promise<T> {
    const { done, value } = await this.answers.next();
    if (done) throw new Error(`${this.program} of ms-swift ${this.version} ended:\n${this.errors}`);
    return JSON.parse(value) as T;
  }

  /** Asks all of it, and waits for as many answers. */
  async ask<T>(requests: readonly unknown[]): Promise<T[]> {
    this.child.stdin.write(requests.map(request => `${JSON.stringify(request)}\n`).join(""));
    const answers: T[] = [];
    for (const _ of requests) answers.push(await this.next<T>());
    return answers;
  }

  /** The program ends when its input does. */
  async close(): Promise<void> {
    const ended = new Promise(resolve => this.child.on("close", resolve));
    this.child.stdin.end();
    await ended;
  }
}
