import { upstream } from "../../recipes/dialects/upstream";
import { Cleanup } from "../support/cleanup";
import { reviewedOptions, unpackWheels, verdictsOf } from "./wheel";

/** The oldest release that knows GLM-4.5, one of the middle, and the newest in our table. */
const releases = ["0.4.9.post6", "0.5.2", Object.keys(upstream.sglang).at(-1) ?? ""];
const cleanup = new Cleanup();
afterAll(cleanup.run);

describe.each(releases)("sglang %s", release => {
  let wheel: string;
  beforeAll(() => {
    wheel = unpackWheels([`sglang==${release}`, "msgspec==0.22.0"], cleanup);
  });

  const verdicts = (lines: readonly (readonly string[])[]) => verdictsOf("parse-sglang-lines.py", wheel, lines);

  test("takes the reviewed lines of its servers", () => {
    const reviewed = reviewedOptions("python3", "-m", "sglang.launch_server");
    expect(reviewed.length).toBeGreaterThan(4);
    expect(verdicts(reviewed).filter(text => text !== "")).toEqual([]);
  });

  test("takes every parser that our table has of it, and no other", () => {
    const table = upstream.sglang[release];
    if (!table) throw new Error(`no lists of sglang ${release}`);
    const model = ["--model-path", "m"];
    const lines = [
      ...table.toolCallParsers.map(name => [...model, "--tool-call-parser", name]),
      ...table.reasoningParsers.map(name => [...model, "--reasoning-parser", name]),
    ];
    expect(verdicts(lines).filter(text => text !== "")).toEqual([]);
    expect(verdicts([[...model, "--tool-call-parser", "nosuch"], [...model, "--nosuch"], []])).toEqual([
      expect.stringContaining("invalid choice: 'nosuch'"),
      expect.stringContaining("unrecognized arguments: --nosuch"),
      expect.stringContaining("required: --model-path"),
    ]);
  });
});
