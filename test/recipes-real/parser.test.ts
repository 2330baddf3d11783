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

test.each(Object.entries(judged))("%s", async (_name, { line, version, refused }) => {
  const [verdict] = await verdictsOf(version, [lineOf(line)]);
  if (refused === undefined) expect(verdict).toEqual(accepted);
  else expect(verdict).toEqual({ accepted: false, text: expect.stringMatching(refused) });
});

test.each(Object.entries(notes))("the notes: %s", async (_name, text) => {
  const lines = commandLines(text).flatMap(argv => lineOfArgv(argv) ?? []);
  expect(lines).toHaveLength(1);
  expect(await verdictsOf("3.7.1", lines)).toEqual([accepted]);
});

/** What is refused, with the parser's text. */
async function refusals(all: readonly Rendered[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const { name, version, lines } of all) {
    const verdicts = await verdictsOf(version, lines);
    for (const [index, { accepted, text }] of verdicts.entries()) {
      if (!accepted) found.push({ name, version, line: lines[index], text });
    }
  }
  return found;
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
});

test("what 300 random cluster files render", async () => {
  const all = randomLines(300, 1);
  expect(all).toHaveLength(300);
  expect(await refusals(all)).toEqual([]);
});
