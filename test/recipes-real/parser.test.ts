import { knownArguments, listedVersions } from "../../recipes/ms-swift/argument-list";
import { looseArguments } from "../support/random-cluster";
import { commandLines } from "../support/shell-lines";
import { lineForEach } from "./argument-lists";
import { ArgumentParser, type Line, lineOf, type ParserVersion, type Verdict } from "./argument-parser";
import { judged, notes } from "./lines-of-notes";
import { goldenLines, lineOfArgv, type Rendered, randomLines } from "./rendered-lines";

const parsers = new Map<ParserVersion, Promise<ArgumentParser>>();

/** Started when it is first asked, and once. */
function parserOf(version: ParserVersion): Promise<ArgumentParser> {
  const started = parsers.get(version) ?? ArgumentParser.start(version);
  parsers.set(version, started);
  return started;
}

afterAll(async () => {
  for (const parser of parsers.values()) await (await parser).close();
});

async function verdictsOf(version: ParserVersion, lines: readonly Line[]): Promise<Verdict[]> {
  return (await parserOf(version)).ask(lines);
}

const accepted: Verdict = { accepted: true, text: "" };

test.each(Object.entries(judged))("%s", async (_name, { line, version, refused, made }) => {
  const lines = made ? [lineOf(line), { ...lineOf(line), ...made, post: true }] : [lineOf(line)];
  const expected = refused === undefined ? accepted : { accepted: false, text: expect.stringMatching(refused) };
  expect(await verdictsOf(version, lines)).toEqual(made ? [accepted, expected] : [expected]);
});

test.each(Object.entries(notes))("the notes: %s", async (_name, text) => {
  const lines = commandLines(text).flatMap(each => lineOfArgv(each) ?? []);
  expect(lines).toHaveLength(1);
  expect(await verdictsOf("3.7.1", lines)).toEqual([accepted]);
});

/** What is refused, with the parser's text. `rightly`: what it says of a line that it must refuse. */
async function refusals(all: readonly Rendered[], rightly?: (line: Line) => RegExp | undefined): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const { name, version, lines } of all) {
    const verdicts = await verdictsOf(version, lines);
    for (const [index, line] of lines.entries()) {
      const { accepted, text } = verdicts[index] ?? { accepted: false, text: "no answer" };
      const expected = rightly?.(line);
      if (expected === undefined ? !accepted : !expected.test(text)) found.push({ name, version, line, text });
    }
  }
  return found;
}

/** What the image of the parsers lacks, without which __post_init__ refuses a right line; in the order in which it is missed. */
const lacking: readonly { readonly text: RegExp; readonly needs: (words: string, command: string) => boolean }[] = [
  // Of the client of a vLLM server.
  { text: /No module named 'msgspec'/, needs: words => words.includes(" --vllm_mode server ") },
  {
    text: /please install swanlab/,
    needs: (words, command) => command.startsWith("swift ") && / --report_to [^-]*swanlab/.test(words),
  },
  { text: /'deepspeed' distribution was not found/, needs: words => words.includes(" --deepspeed ") },
];

function lackingFor({ command, argv }: Line): RegExp | undefined {
  const words = ` ${argv.join(" ")} `;
  return lacking.find(({ needs }) => needs(words, command))?.text;
}

describe.each(listedVersions)("the argument lists of %s", version => {
  test("have the names of its parsers", async () => {
    const { commands } = await parserOf(version);
    const own = Object.keys(commands).filter(command => knownArguments(command, version));
    const namesOf = (command: string): string[] => [...(knownArguments(command, version)?.list.arguments.keys() ?? [])];
    expect(own.length).toBeGreaterThan(4);
    expect(Object.fromEntries(own.map(command => [command, namesOf(command).sort()]))).toEqual(
      Object.fromEntries(own.map(command => [command, commands[command]])),
    );
  });

  test("describe values that its parsers take, but for some that are known", async () => {
    const lines = Object.keys((await parserOf(version)).commands).flatMap(command => lineForEach(command, version));
    const verdicts = await verdictsOf(version, lines);
    const refused = lines.flatMap(({ argv: [name = ""] }, index) => {
      const { accepted, text } = verdicts[index] ?? { accepted: false, text: "no answer" };
      return accepted || looseArguments.has(name.slice(2)) ? [] : [`${name}: ${text}`];
    });
    expect(refused).toEqual([]);
  });
});

const golden = goldenLines();

test.each(golden.map(each => [each.name, each] as const))("golden: %s", async (_name, rendered) => {
  expect(await refusals([rendered])).toEqual([]);
  // The flags of vLLM are a table, nothing is made of them.
  const lines = rendered.lines.filter(({ command }) => !command.startsWith("vllm"));
  const made = lines.map(line => ({ ...line, post: true }));
  expect(await refusals([{ ...rendered, lines: made }], lackingFor)).toEqual([]);
});

test("the golden lines are those of every command of ms-swift that a recipe writes", () => {
  const commands = new Set(golden.flatMap(({ lines }) => lines.map(({ command }) => command)));
  const training = ["megatron pt", "megatron rlhf", "megatron sft", "swift pt", "swift rlhf", "swift sft"];
  const others = ["megatron export", "swift deploy", "swift export", "swift infer", "vllm serve"];
  expect([...commands].sort()).toEqual([...training, ...others].sort());
});

/** Their folders tell no model, and their arguments say nothing to each other: the parsers take them, __post_init__ would not. */
test("what 300 random cluster files render, and what their trainings run when they go on", async () => {
  const all = randomLines(300, 1);
  expect(all).toHaveLength(300);
  const seen = all.flatMap(({ lines }) => lines);
  const resumed = seen.filter(({ argv }) => argv.includes("/out") && argv.join(" ").includes("--finetune false"));
  const commandsSeen = new Set(seen.map(({ command }) => command));
  expect(resumed.length).toBeGreaterThan(50);
  expect([...commandsSeen]).toEqual(expect.arrayContaining(["swift deploy", "swift infer", "megatron sft"]));
  expect(await refusals(all)).toEqual([]);
}, 600_000);
