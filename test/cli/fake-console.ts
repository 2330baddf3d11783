import { PassThrough } from "node:stream";
import type { Console } from "../../cli/console";

/** A console whose output can be read, and whose input is given as lines. */
export interface FakeConsole extends Console {
  stdout(): string;
  stderr(): string;
}

export function fakeConsole(
  parts: { cwd?: string; env?: Console["env"]; terminal?: boolean; input?: string } = {},
): FakeConsole {
  const out = new PassThrough();
  const err = new PassThrough();
  const input = new PassThrough();
  const text = { out: "", err: "" };
  out.on("data", chunk => {
    text.out += chunk;
  });
  err.on("data", chunk => {
    text.err += chunk;
  });
  input.end(parts.input ?? "");
  const isTTY = parts.terminal === true;
  return {
    out: Object.assign(out, { isTTY }),
    err,
    input: Object.assign(input, { isTTY }),
    env: parts.env ?? {},
    cwd: parts.cwd ?? "/",
    stdout: () => text.out,
    stderr: () => text.err,
  };
}
