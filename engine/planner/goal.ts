import type { Value, ValueMap } from "../../wire/values";
import type { CustomTimeouts } from "../resource";
import { nameOf, typeOf } from "../urn";

/** What a program wants of one resource: a RegisterResource request in values. */
export interface Goal {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: ValueMap;
  readonly parent?: string;
  readonly protect?: boolean;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** `<urn>::<id>`. */
  readonly provider?: string;
  /** Undefined: as the provider wants. */
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges: readonly string[];
  readonly hideDiff: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly replacementTrigger?: Value;
  readonly additionalSecretOutputs: readonly string[];
  /** URNs that the resource may have had. */
  readonly aliases: readonly string[];
  readonly importId?: string;
  readonly customTimeouts?: CustomTimeouts;
  readonly retainOnDelete?: boolean;
  readonly deletedWith?: string;
  readonly replaceWith: readonly string[];
}

/** A goal with nothing but its identity and its inputs. */
export function bareGoal(urn: string, custom: boolean, inputs: ValueMap): Goal {
  return {
    urn,
    type: typeOf(urn),
    name: nameOf(urn),
    custom,
    inputs,
    dependencies: [],
    propertyDependencies: {},
    replaceWith: [],
    ignoreChanges: [],
    hideDiff: [],
    replaceOnChanges: [],
    additionalSecretOutputs: [],
    aliases: [],
  };
}

/** Of the seed that goes with every Check, for names that providers choose. */
export const SEED_BYTES = 32;

const UNIT_SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * Seconds of a duration such as `1h30m`; undefined if there is none.
 * @throws Error for a text that is no duration
 */
export function parseTimeout(text: string): number | undefined {
  if (text === "") return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(part => part[0]).join("") !== text) {
    throw new Error(`unable to parse customTimeout Value ${text}`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_SECONDS[unit ?? "s"] ?? 1), 0);
}
