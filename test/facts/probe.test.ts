import { execFileSync } from "node:child_process";
import { hostFactsScript, parseHostFacts } from "../../facts/host-facts";
import { parsePassingFacts, passingFactsScript } from "../../facts/passing-facts";
import { parseProbe, probeScript } from "../../facts/probe";

const sh = (script: string) => execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });

test("a topic that fails, exits or prints a marker of its own leaves the others whole", () => {
  const answers = parseProbe(
    sh(
      probeScript({
        a: "echo one",
        b: "echo why >&2; exit 5",
        c: "echo '#end a 0'; echo '#begin b'",
        d: "printf 'no newline'",
      }),
    ),
  );
  expect(answers).toEqual({
    a: { exitCode: 0, output: "one\n" },
    b: { exitCode: 5, output: "why\n" },
    c: { exitCode: 0, output: "#end a 0\n#begin b\n" },
    d: { exitCode: 0, output: "no newline" },
  });
});

test("an answer that breaks off has no end", () => {
  const whole = sh(probeScript({ a: "echo one", b: "echo two" }));
  expect(Object.keys(parseProbe(whole.slice(0, whole.indexOf("two"))))).toEqual(["a"]);
});

test("this machine gives its own facts", () => {
  const asked = { peers: ["127.0.0.1"] };
  const facts = parseHostFacts(sh(hostFactsScript(asked)), asked);
  expect(facts.kernel).toEqual({
    status: "present",
    value: { release: sh("uname -r").trim(), architecture: sh("uname -m").trim() },
  });
  for (const topic of ["os", "timeZone", "processors", "memory", "disks", "sharedMemory", "limits"] as const) {
    expect(facts[topic].status).toBe("present");
  }
});

test("every script is what shellcheck takes", () => {
  // dash has `ulimit -l` and `-n`; `a= b=` empties variables on purpose; a quoted script expands later; one peer or folder makes a loop of one.
  const accepted = "--exclude=SC1007,SC2012,SC2016,SC2043,SC3045";
  const asked = { folders: ["/a", "/b c"], python: { container: "node" } };
  for (const script of [hostFactsScript({ peers: ["10.0.0.2", "name"], model: "/m" }), passingFactsScript(asked)]) {
    expect(
      execFileSync("shellcheck", ["-s", "sh", accepted, "-"], { input: `#!/bin/sh\n${script}`, encoding: "utf8" }),
    ).toBe("");
  }
});

describe("what passes, on this machine", () => {
  const ask = (asked: Parameters<typeof passingFactsScript>[0]) =>
    parsePassingFacts(sh(passingFactsScript(asked)), asked);

  test("the disk behind a path is that of the nearest folder above it, links followed", () => {
    const { folders } = ask({ folders: ["/", "/nowhere/near it", "/proc/self"] });
    expect(folders).toMatchObject({
      status: "present",
      value: [
        { path: "/", exists: true, mountPoint: "/" },
        { path: "/nowhere/near it", exists: false, mountPoint: "/" },
        { path: "/proc/self", exists: true, fileSystem: "proc" },
      ],
    });
  });

  test("no path, no container and no Python are absent", () => {
    const nowhere = ask({ python: { container: "muster-has-no-such-container" } });
    expect(nowhere.packages).toEqual({ status: "absent" });
    expect(nowhere.folders).toEqual({ status: "absent" });
    expect(ask({ python: { python: "/nowhere/bin/python" } }).packages).toEqual({ status: "absent" });
  });

  test("the versions of a Python's packages are read without importing them", () => {
    const python = sh("command -v python3").trim();
    const { packages } = ask({ python: { python } });
    expect(packages).toMatchObject({
      status: "present",
      value: { python: expect.stringMatching(/^3\./), versions: expect.any(Object) },
    });
  });
});
