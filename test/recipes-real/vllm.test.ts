import { Cleanup } from "../support/cleanup";
import { goldenCommands, lineOfArgv } from "./rendered-lines";
import { installLibraries, unpackWheels, verdictsOf } from "./wheel";

/** What vLLM makes its parser with. */
const libraries = ["pydantic==2.11.7", "regex==2026.11.19", "cloudpickle==3.1.3", "packaging==26.4"];
const cleanup = new Cleanup();
afterAll(cleanup.run);

/** The words behind `vllm serve` in the reviewed lines for a release; those of files that name none are for 0.10.0. */
function reviewed(release: string): (readonly string[])[] {
  return goldenCommands().flatMap(({ file, command }) => {
    const line = lineOfArgv(command);
    const named = /vllm-(\d+\.\d+\.\d+)/.exec(file)?.[1] ?? "0.10.0";
    return line?.command === "vllm serve" && named === release ? [line.argv] : [];
  });
}

/** The parser that the notes name, which 0.10.0 has under another name alone. */
const glm45 = { "0.10.0": /invalid choice: 'glm45'/, "0.13.0": /^$/ } as const;

describe.each(["0.10.0", "0.13.0"] as const)("vLLM %s", release => {
  let wheel: string;
  beforeAll(() => {
    wheel = unpackWheels([`vllm==${release}`], cleanup);
    installLibraries(libraries, wheel);
  }, 300_000);

  const verdicts = (lines: readonly (readonly string[])[]) => verdictsOf("parse-vllm-lines.py", wheel, lines);

  test("takes the reviewed lines of its servers", () => {
    const lines = reviewed(release);
    expect(lines.length).toBeGreaterThan(3);
    expect(verdicts(lines).filter(text => text !== "")).toEqual([]);
  });

  test("takes glm45 as a parser of tool calls from the release on that has it", () => {
    const [verdict] = verdicts([["m", "--enable-auto-tool-choice", "--tool-call-parser", "glm45"]]);
    expect(verdict).toMatch(glm45[release]);
  });

  test("refuses what is none of its own, and tool calls without a parser", () => {
    expect(
      verdicts([
        ["m", "--nosuch"],
        ["m", "--tensor-parallel-size", "x"],
        ["m", "--enable-auto-tool-choice"],
      ]),
    ).toEqual([
      expect.stringContaining("unrecognized arguments: --nosuch"),
      expect.stringContaining("invalid int value: 'x'"),
      expect.stringContaining("requires --tool-call-parser"),
    ]);
  });
});
