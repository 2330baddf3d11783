import type { Layout } from "./columns";
import { error, type RowFault, warning } from "./fault";
import type { Format } from "./format";
import { isMap, type JsonMap, kindOf, own } from "./json";
import type { RowFacts } from "./row";

/** Columns that are remembered; rows with thousands of different ones would let the memory grow. */
const mostColumns = 1000;

interface Seen<Value> {
  readonly value: Value;
  readonly line: number;
}

export interface FileFault extends RowFault {
  readonly line: number;
}

/**
 * What rows must have in common. The loader makes one table of the file: a column has one type, or the whole file is refused; the
 * way to read conversations is chosen once, and rows that are written otherwise are deleted.
 */
export class Consistency {
  private readonly types = new Map<string, Seen<string>>();
  private readonly told = new Set<string>();
  private readonly layouts = new Map<Layout, Seen<number>>();
  private readonly pairs = new Map<boolean, Seen<number>>();

  constructor(private readonly format: Format) {}

  /** Faults that show with this row. */
  add(facts: RowFacts, line: number): RowFault[] {
    const { row, layout } = facts;
    if (row === undefined || layout === undefined) return [];
    count(this.layouts, layout, line);
    count(this.pairs, facts.isPair, line);
    return [...Object.entries(row), ...contents(row)].flatMap(([name, value]) => this.typed(name, value, line));
  }

  /** Faults of the whole file, at the first row that is unlike the others. */
  end(): FileFault[] {
    return [...this.mixedLayouts(), ...this.mixedPairs()];
  }

  private typed(name: string, value: unknown, line: number): RowFault[] {
    if (value === null || value === undefined) return [];
    const type = kindOf(value);
    const seen = this.types.get(name);
    if (seen === undefined) {
      if (this.types.size < mostColumns) this.types.set(name, { value: type, line });
      return [];
    }
    if (seen.value === type || this.told.has(`${name} ${type}`)) return [];
    this.told.add(`${name} ${type}`);
    const reason = `${type}, where line ${seen.line} has ${seen.value}`;
    // The newest loaders keep such columns as JSON.
    if (this.format.takesStructures) return [warning(name, reason, "write one type in all rows")];
    return [error(name, `${reason}: the loader refuses the whole file`, "write one type in all rows")];
  }

  private mixedLayouts(): FileFault[] {
    const { chosen, others } = chosenLayout(this.layouts);
    return others.map(([layout, { value, line }]) => ({
      line,
      ...error(
        "",
        `${value} ${value === 1 ? "row is" : "rows are"} written as ${layoutNames[layout]}, but the file is read as ${layoutNames[chosen]}: ` +
          "they are deleted",
        "write all rows in one way, or two files",
      ),
    }));
  }

  private mixedPairs(): FileFault[] {
    const [pairs, plain] = [this.pairs.get(true), this.pairs.get(false)];
    if (!pairs || !plain) return [];
    const reason = `${plain.value} ${plain.value === 1 ? "row has" : "rows have"} no rejected reply, but line ${pairs.line} has one: they are deleted`;
    return [{ line: plain.line, ...error("rejected_response", reason, "write pairs and others to two files") }];
  }
}

const layoutNames: Readonly<Record<Layout, string>> = {
  messages: "messages",
  alpaca: "instruction, input and output",
  query: "query and response",
};

/** The loader looks for messages first, then for instruction and input, whatever most rows have. */
function chosenLayout(layouts: ReadonlyMap<Layout, Seen<number>>): {
  chosen: Layout;
  others: [Layout, Seen<number>][];
} {
  const chosen = (["messages", "alpaca"] as const).find(layout => layouts.has(layout)) ?? "query";
  return { chosen, others: [...layouts].filter(([layout]) => layout !== chosen) };
}

function count<Key>(map: Map<Key, Seen<number>>, key: Key, line: number): void {
  const seen = map.get(key);
  map.set(key, { value: (seen?.value ?? 0) + 1, line: seen?.line ?? line });
}

/** Contents of the messages as one column, as the loader's table has them. */
function contents(row: JsonMap): [string, unknown][] {
  const name = ["messages", "conversations", "conversation"].find(each => Array.isArray(own(row, each)));
  const list = name === undefined ? undefined : own(row, name);
  if (name === undefined || !Array.isArray(list)) return [];
  return list.flatMap((entry): [string, unknown][] => {
    const key = isMap(entry) ? ["content", "value"].find(each => Object.hasOwn(entry, each)) : undefined;
    return isMap(entry) && key !== undefined ? [[`${name}[].${key}`, entry[key]]] : [];
  });
}
