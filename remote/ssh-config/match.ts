import { matchesPattern, matchesPatternList } from "../pattern";
import { matchWords } from "./text";

/** What a Match line may ask for. */
export interface MatchFacts {
  /** As it was written by whoever asks. */
  readonly originalHost: string;
  /** With HostName, as far as that is known by now. */
  readonly host: string;
  readonly user: string;
  readonly localUser: string;
  /** The second reading of the configuration, which `final` asks for. */
  readonly isFinalPass: boolean;
}

export interface MatchAnswer {
  readonly applies: boolean;
  readonly asksForFinalPass: boolean;
  /** Criteria that are never true here: they would run a program, or are not known. */
  readonly refused: readonly string[];
}

/** Whether a Host line is about the name. A name and its negation: it is not. */
export function hostLineApplies(patterns: readonly string[], name: string): boolean {
  const negated = patterns.filter(pattern => pattern.startsWith("!")).map(pattern => pattern.slice(1));
  const wanted = patterns.filter(pattern => !pattern.startsWith("!"));
  return wanted.some(each => matchesPattern(name, each)) && !negated.some(each => matchesPattern(name, each));
}

type Criterion = (facts: MatchFacts, patterns: readonly string[]) => boolean;

const CRITERIA: Readonly<Record<string, Criterion>> = {
  all: () => true,
  final: facts => facts.isFinalPass,
  canonical: facts => facts.isFinalPass,
  host: (facts, patterns) => matchesHostName(facts.host, patterns),
  originalhost: (facts, patterns) => matchesHostName(facts.originalHost, patterns),
  user: (facts, patterns) => matchesPatternList(facts.user, patterns),
  localuser: (facts, patterns) => matchesPatternList(facts.localUser, patterns),
};

function matchesHostName(name: string, patterns: readonly string[]): boolean {
  return matchesPatternList(
    name.toLowerCase(),
    patterns.map(pattern => pattern.toLowerCase()),
  );
}

/**
 * Whether a Match line applies (readconf.c, match_cfg_line of OpenSSH 9.2). `exec` is never run: a configuration that runs programs
 * when a plan is made would act outside of what the plan shows. A criterion that is refused is false, negated or not.
 * Returns a text when the line is malformed.
 */
export function matchLine(text: string, facts: MatchFacts): MatchAnswer | string {
  const asked = criteriaOf(text);
  if (typeof asked === "string") return asked;
  const answers = asked.map(({ name, negated, patterns }) => {
    const test = CRITERIA[name];
    return { name, holds: test !== undefined && test(facts, patterns) !== negated, isKnown: test !== undefined };
  });
  return {
    applies: answers.every(({ holds }) => holds),
    asksForFinalPass: asked.some(({ name }) => name === "final"),
    refused: answers.filter(({ isKnown }) => !isKnown).map(({ name }) => name),
  };
}

interface AskedCriterion {
  readonly name: string;
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

const WITHOUT_VALUE = ["all", "final", "canonical"];

function criteriaOf(text: string): AskedCriterion[] | string {
  const left = matchWords(text);
  if (!left) return "a quote is not closed";
  const asked: AskedCriterion[] = [];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const negated = word.startsWith("!");
    const name = (negated ? word.slice(1) : word).toLowerCase();
    // One criterion before it is let through.
    if (name === "all" && (asked.length > 1 || left.length > 0)) return "all must stand alone";
    const value = WITHOUT_VALUE.includes(name) ? "" : left.shift();
    if (value === undefined) return `${name} needs a value`;
    asked.push({ name, negated, patterns: value.split(",") });
  }
  return asked.length > 0 ? asked : "it has no criterion";
}
