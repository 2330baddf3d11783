import { commandLines } from "../support/shell-lines";
import { ArgumentParser, type Line, lineOf, type ParserVersion, parserVersions, type Verdict } from "./argument-parser";
import { judged, notes } from "./lines-of-notes";
import { goldenLines, lineOfArgv, type Rendered, randomLines } from "./rendered-lines";

const parsers = new Map<ParserVersion, ArgumentParser>();

beforeAll(async () => {
  const started = await Promise.all(
    parserVersions.map(async version => [version, await ArgumentParser.start(version)] as const),
  );
  for (const [version, parser] of started) parsers.set(version, parser);
});

afterAll(async () => {
  await Promise.all([...parsers.values()].map(parser => parser.close()));
});

async function verdictsOf(version: ParserVersion, lines: readonly Line[]): Promise<Verdict[]> {
  const parser = parsers.get(version);
  if (!parser) throw new Error(`the parser of ${version} did not start`);
  return parser.ask(lines);
}

const accepted: Verdict = { accepted: true, text: "" };

test.each(Object.entries(judged))("%s", async (_name, { line, version, refused }) => {
  const [verdict] = await verdictsOf(version, [lineOf(line)]);
  if (refused === undefined) expect(verdict).toEqual(accepted);
  else expect(verdict).toEqual({ accepted: false, text: expect.stringMatching(refused) });
});

test.each(Object.entries(notes))("the notes: %s", async (_name, text) => {
  const lines = commandLines(text).map(lineOfArgv);
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

const golden = goldenLines();

test.each(golden.map(each => [each.name, each] as const))("golden: %s", async (_name, rendered) => {
  expect(await refusals([rendered])).toEqual([]);
});

test("what 300 random cluster files render", async () => {
  const all = randomLines(300, 1);
  expect(all).toHaveLength(300);
  expect(await refusals(all)).toEqual([]);
});
