import { lineDiff } from "../../../engine/display/line-diff";
import type { EventRecord, StepRecord } from "./scenario";

type Fields = Record<string, unknown>;

/**
 * What differs between two runs of a step, a line each: `- ` only recorded, `+ ` only seen. Registrations of independent resources
 * come in an order that varies from run to run, so calls, events and resources are compared without their order, except where the
 * scenario says that it counts.
 */
export function differences(seen: StepRecord, recorded: StepRecord, ordered: readonly string[]): string[] {
  return [
    ...compareSections(sectionsOf(seen), sectionsOf(recorded), ordered),
    ...(seen.nested && recorded.nested
      ? compareSections(nestedSections(seen.nested), nestedSections(recorded.nested), []).map(line => `nested ${line}`)
      : []),
  ];
}

type Sections = Readonly<Record<string, readonly unknown[]>>;

function sectionsOf(record: StepRecord): Sections {
  const { deployment: whole, ...schema } = record.state;
  const { resources = [], ...deployment } = whole ?? {};
  return {
    exit: [record.exit],
    calls: record.calls,
    events: (record.events ?? []).map(comparableEvent),
    state: resources.map(withSortedDependencies),
    deployment: [{ ...schema, ...deployment }],
    world: [record.world],
    config: [record.config],
    locks: record.locks ?? [],
  };
}

function nestedSections({ exit, events }: StepRecord): Sections {
  return { exit: [exit], events: (events ?? []).map(comparableEvent) };
}

function compareSections(seen: Sections, recorded: Sections, ordered: readonly string[]): string[] {
  return Object.keys(recorded).flatMap(section => {
    const [was = [], is = []] = [recorded[section], seen[section]].map(items => {
      const lines = (items ?? []).map(stableText);
      return ordered.includes(section) ? lines : lines.sort();
    });
    return lineDiff(was, is)
      .filter(({ mark }) => mark !== " ")
      .map(({ mark, text }) => `${section} ${mark} ${text}`);
  });
}

/** Every parent, dependency and provider of a resource that comes after it. */
export function misplaced(record: StepRecord): string[] {
  const seen = new Set<unknown>();
  return (record.state.deployment?.resources ?? []).flatMap(resource => {
    const {
      urn,
      parent,
      provider,
      dependencies = [],
    } = resource as Record<string, string> & { dependencies?: string[] };
    const needed = [parent, ...dependencies, provider?.split("::").slice(0, -1).join("::")];
    const bad = needed.filter(other => other && !seen.has(other)).map(other => `${urn} comes before ${other}`);
    seen.add(urn);
    return bad;
  });
}

/** After these lines the warning about what an earlier run left half-way goes on in muster's own words (design note 0014). */
const OWN_WORDS = /^Attempting to deploy[\s\S]*?(?=\nThese resources)/;

/** An event without what a reader does not compare: whole outputs, how many steps had been done by then, blanks at the end. */
function comparableEvent(event: EventRecord): Fields {
  const { steps: _, maybeCorrupt: __, old, new: now, message, config, ...rest } = event;
  return {
    ...rest,
    ...(typeof message === "string" && { message: (OWN_WORDS.exec(message)?.[0] ?? message).trimEnd() }),
    ...(isFields(config) && { config: Object.keys(config) }),
    ...(isFields(old) && { old: withoutOutputs(old) }),
    ...(isFields(now) && { new: withoutOutputs(now) }),
  };
}

function withoutOutputs({ outputs: _, ...rest }: Fields): Fields {
  return rest;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function withSortedDependencies(resource: Fields): Fields {
  const { dependencies, propertyDependencies } = resource as {
    dependencies?: string[];
    propertyDependencies?: Record<string, string[]>;
  };
  return {
    ...resource,
    ...(dependencies && { dependencies: [...dependencies].sort() }),
    ...(propertyDependencies && {
      propertyDependencies: Object.fromEntries(
        Object.entries(propertyDependencies).map(([key, urns]) => [key, [...urns].sort()]),
      ),
    }),
  };
}

/** JSON with its keys in order. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    isFields(item) && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
