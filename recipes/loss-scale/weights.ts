import { doubtOf, faultOf, patternMatchesNothing } from "./pattern";

/** Weights of a loss scale: `[weight]` of what a regex finds, or `[weight of the mark, weight of what follows it]`. */
export type Weights = Readonly<Record<string, readonly number[]>>;

/** What is wrong with one entry of the file, or with the file. */
export interface WeightFault {
  readonly severity: "error" | "warning";
  /** The key; empty for the whole file. */
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/**
 * Reads a file of loss-scale weights and checks it by what ms-swift does with it (swift/…/loss_scale/utils.py and
 * split_str_parts_by, the same from 3.7.1 to 4.6.0): a fault deletes each row in which the mark stands.
 */
export function readWeights(text: string): { readonly weights: Weights; readonly faults: readonly WeightFault[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : "no JSON";
    return { weights: {}, faults: [whole(`no JSON: ${why}`, "a JSON object", 'write {"Action:": [2.0, 2.0], …}')] };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    return {
      weights: {},
      faults: [whole("no object with entries", "marks and their weights", 'write {"Action:": [2.0, 2.0], …}')],
    };
  }
  const entries = Object.entries(value);
  const faults = entries.flatMap(([key, entry]) => checkEntry(key, entry));
  const weights: Weights = Object.fromEntries(entries.filter(([, entry]) => isWeight(entry)));
  return { weights, faults: [...faults, ...mixed(weights)] };
}

function isWeight(entry: unknown): entry is number[] {
  return (
    Array.isArray(entry) && (entry.length === 1 || entry.length === 2) && entry.every(each => typeof each === "number")
  );
}

function checkEntry(key: string, entry: unknown): WeightFault[] {
  if (key === "") return [fault(key, "an empty mark", "a text or a regex", "remove it")];
  if (typeof entry === "number") {
    return [
      fault(
        key,
        `the number ${entry}`,
        "a list",
        `write [${entry}] for a regex, [${entry}, ${entry}] for a mark and what follows it`,
      ),
    ];
  }
  if (!isWeight(entry)) {
    const found = Array.isArray(entry) ? `a list of ${entry.length}, or not of numbers` : "no list";
    const remedy = "write [2.0] for a regex, [2.0, 2.0] for a mark and what follows it";
    return [fault(key, found, "one or two numbers", remedy)];
  }
  const low = entry.filter(weight => weight < 0 || !Number.isFinite(weight));
  const faults = low.map(weight =>
    fault(key, `weight ${weight}`, "0 or more", "write 0 for what shall not be learned"),
  );
  return entry.length === 1 ? [...faults, ...checkPattern(key)] : faults;
}

/** One number: the key is a regex of Python's. Only what is sure to be wrong is an error. */
function checkPattern(key: string): WeightFault[] {
  const wrong = faultOf(key);
  if (wrong) return [fault(key, wrong.found, wrong.expected, wrong.remedy)];
  const doubt = doubtOf(key);
  if (doubt !== undefined)
    return [
      warned(
        key,
        `a regex that may be wrong: ${doubt}`,
        "a regex of Python's re",
        "try it: python3 -c 're.compile(…)'",
      ),
    ];
  if (!patternMatchesNothing(key)) return [];
  return [
    warned(key, "a regex that finds the empty text everywhere", "a regex with at least one character", "write + for *"),
  ];
}

/** Marks with two numbers win: those with one are then not looked for. */
function mixed(weights: Weights): WeightFault[] {
  const ones = Object.keys(weights).filter(key => weights[key]?.length === 1);
  if (ones.length === 0 || ones.length === Object.keys(weights).length) return [];
  return ones.map(key =>
    warned(
      key,
      "one number, where other entries have two",
      "all with one, or all with two",
      "it has no effect: write two numbers, or remove it",
    ),
  );
}

function fault(key: string, found: string, expected: string, remedy: string): WeightFault {
  return { severity: "error", key, found, expected, remedy };
}

function warned(key: string, found: string, expected: string, remedy: string): WeightFault {
  return { severity: "warning", key, found, expected, remedy };
}

function whole(found: string, expected: string, remedy: string): WeightFault {
  return fault("", found, expected, remedy);
}
