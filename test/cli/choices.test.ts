import { EventEmitter } from "node:events";
import { screenOf, table } from "../../cli/console";
import { reviewKeys } from "../../cli/host-key-review";
import { renderError } from "../../cli/render-error";
import { chooseStack, stackName } from "../../cli/selected-stack";
import { listenForInterrupts } from "../../cli/signals";
import { findPulumi, stockArguments, wantsStock } from "../../cli/stock-engine";
import { runDecisions } from "../../cli/update-options";
import { ConfigErrors } from "../../config/problem";
import { formatHostKey } from "../../remote/host-key";
import { matchKnownHosts, parseKnownHosts } from "../../remote/known-hosts";
import { RemoteError } from "../../remote/remote-error";
import { OperatorError } from "../../wire/operator-error";
import { fakeConsole } from "./fake-console";

const muster = { refreshAlways: true, isMuster: true };
const other = { refreshAlways: false, isMuster: false };

test("one bad host does not stop the others of muster's own stacks; a flag or the environment decides otherwise", () => {
  expect(runDecisions("up", {}, {}, muster)).toMatchObject({ continueOnError: true, refreshFirst: true });
  expect(runDecisions("up", {}, {}, other)).toMatchObject({ continueOnError: false, refreshFirst: false });
  expect(runDecisions("up", {}, { PULUMI_CONTINUE_ON_ERROR: "true" }, other).continueOnError).toBe(true);
  expect(runDecisions("up", {}, { PULUMI_CONTINUE_ON_ERROR: "false" }, muster).continueOnError).toBe(false);
  expect(runDecisions("up", { continueOnError: false, refresh: false }, {}, muster)).toMatchObject({
    continueOnError: false,
    refreshFirst: false,
  });
});

test("steps on hosts wait rather than work, so there are many at a time, unless it is said", () => {
  expect(runDecisions("up", {}, {}, muster).parallel).toBe(1024);
  expect(runDecisions("up", {}, {}, other).parallel).toBeGreaterThanOrEqual(64);
  expect(runDecisions("up", {}, {}, other).parallel).toBeLessThan(1024);
  expect(runDecisions("up", {}, { PULUMI_PARALLEL: "3" }, muster).parallel).toBe(3);
  expect(runDecisions("up", { parallel: 1 }, { PULUMI_PARALLEL: "3" }, muster).parallel).toBe(1);
});

test("a resource to replace alone is a target too", () => {
  const decided = runDecisions("up", { targetReplace: ["c"], replace: ["a"], target: ["b"] }, {}, muster);
  expect(decided).toMatchObject({ targets: ["b", "c"], replaces: ["a", "c"] });
});

test("the stack: flag, environment, selection, else an error with the remedy", () => {
  expect(chooseStack("a", { PULUMI_STACK: "b" }, () => "c")).toBe("a");
  expect(chooseStack(undefined, { PULUMI_STACK: "b" }, () => "c")).toBe("b");
  expect(chooseStack(undefined, {}, () => "c")).toBe("c");
  expect(stackName("organization/demo/dev")).toBe("dev");
  expect(() => chooseStack(undefined, {}, () => undefined)).toThrow("no stack is selected");
});

test("stock gets the same arguments without --engine; our own verbs stay here", () => {
  expect(wantsStock(["up", "--engine", "pulumi", "-s", "dev"])).toBe(true);
  expect(wantsStock(["--engine=pulumi", "preview"])).toBe(true);
  expect(wantsStock(["up", "--engine", "embedded"])).toBe(false);
  expect(wantsStock(["doctor", "--engine", "pulumi"])).toBe(false);
  expect(wantsStock(["exec", "node-1", "--", "up", "--engine", "pulumi"])).toBe(false);
  expect(stockArguments(["up", "--engine", "pulumi", "-s", "dev", "--engine=x"])).toEqual(["up", "-s", "dev"]);
  expect(findPulumi({ PATH: "/nonexistent" })).toBeUndefined();
});

test("an interrupt stops, a second cancels, a termination stops", () => {
  const said: string[] = [];
  const source = new EventEmitter() as unknown as NodeJS.Process;
  const interrupts = listenForInterrupts(source, text => said.push(text));
  source.emit("SIGTERM");
  source.emit("SIGTERM");
  expect([interrupts.stop.aborted, interrupts.cancel.aborted]).toEqual([true, false]);
  source.emit("SIGINT");
  expect(interrupts.cancel.aborted).toBe(true);
  expect(said).toHaveLength(2);
  source.emit("SIGINT");
  expect(said[2]).toContain(`kill -KILL ${process.pid}`);
  interrupts.dispose();
  expect(source.listenerCount("SIGINT")).toBe(0);
});

test("errors say what, where, why and the fix, all at once and without a stack", () => {
  const error = new OperatorError([
    { summary: "a", where: "host node-1", detail: "two\nlines", remedy: "do this" },
    { summary: "b" },
  ]);
  expect(renderError(error, false)).toBe(
    "error: a\n  where: host node-1\n  why: two\n       lines\n  fix: do this\nerror: b",
  );
  expect(renderError(error, true)).toContain("choices.test");
  const config = new ConfigErrors([
    {
      file: "f.yaml",
      line: 3,
      column: 5,
      path: "hosts[1].port",
      found: "text 'x'",
      expected: "a number",
      remedy: "write 22",
    },
  ]);
  expect(renderError(config, false)).toBe(
    "error: found text 'x', expected a number\n  where: f.yaml:3:5  hosts[1].port\n  fix: write 22",
  );
  const remote = new RemoteError({
    kind: "unreachable",
    host: "n",
    address: "a:22",
    problem: "no answer",
    remedy: "look",
  });
  expect(renderError(new AggregateError([remote, new Error("plain")]), false)).toBe(
    "error: no answer\n  where: host n (a:22)\n  fix: look\nerror: plain",
  );
});

test("colours only on a terminal, and never against NO_COLOR", () => {
  expect(screenOf(fakeConsole()).colours).toBe(false);
  expect(screenOf(fakeConsole({ terminal: true }))).toMatchObject({ colours: true, live: true });
  expect(screenOf(fakeConsole({ terminal: true, env: { NO_COLOR: "1" } }))).toMatchObject({
    colours: false,
    live: true,
  });
  expect(screenOf(fakeConsole({ terminal: true, env: { TERM: "dumb" } }))).toMatchObject({
    colours: false,
    live: false,
  });
  expect(screenOf(fakeConsole({ terminal: true }), "never").colours).toBe(false);
  expect(screenOf(fakeConsole(), "always").colours).toBe(true);
});

test("tables line up", () => {
  expect(
    table([
      ["a", "bbb"],
      ["ccc", "d"],
    ]),
  ).toBe("a    bbb\nccc  d");
});

test("a host key is pinned, new, of another type, or changed", () => {
  const key = (type: string, text: string): { type: string; base64: string; fingerprint: string } => {
    const name = Buffer.from(type);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(name.length);
    return { type, base64: Buffer.concat([length, name, Buffer.from(text)]).toString("base64"), fingerprint: text };
  };
  const one = key("ssh-ed25519", "one");
  const pins = parseKnownHosts(
    `10.0.0.1 ssh-ed25519 ${one.base64}\n@revoked * ssh-rsa ${key("ssh-rsa", "bad").base64}\n`,
  ).entries;
  const ownerAt = (address: string) => {
    const { trusted, revoked } = matchKnownHosts(pins, { address });
    const texts = { hostKeys: trusted.map(formatHostKey), revokedHostKeys: revoked.map(formatHostKey) };
    return { label: "n", address, port: 22, ...texts };
  };
  const standings = (address: string, ...keys: (typeof one)[]): string[] =>
    reviewKeys(ownerAt(address), keys).map(({ standing }) => standing);
  expect(
    standings("10.0.0.1", one, key("ssh-ed25519", "two"), key("ecdsa-sha2-nistp256", "x"), key("ssh-rsa", "bad")),
  ).toEqual(["pinned", "changed", "added", "revoked"]);
  expect(standings("10.0.0.2", one)).toEqual(["new"]);
});
