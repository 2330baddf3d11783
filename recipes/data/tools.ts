import { error, type RowFault, warning } from "./fault";
import type { Format } from "./format";
import { isMap, kindOf, own, parseJson, textOf } from "./json";
import { estimatedTokens } from "./tokens";

export interface Tools {
  readonly names: ReadonlySet<string>;
  readonly count: number;
  readonly faults: readonly RowFault[];
  /** What they add to what the model reads. */
  readonly characters: number;
  readonly tokens: number;
}

/** OpenAI's rule for names of functions; servers refuse others. */
const serverName = /^[A-Za-z0-9_-]{1,64}$/;

let latest: { readonly text: string; readonly takesStructures: boolean; readonly tools: Tools } | undefined;

/** The tools that a row offers: a text with a JSON list, because all rows of a file must have one type. */
export function readTools(value: unknown, format: Format): Tools {
  const { takesStructures } = format;
  // Most rows of a file offer what the row before did.
  if (latest !== undefined && latest.text === value && latest.takesStructures === takesStructures) return latest.tools;
  const tools = read(value, format);
  if (typeof value === "string") latest = { text: value, takesStructures, tools };
  return tools;
}

function read(value: unknown, format: Format): Tools {
  const none = { names: new Set<string>(), count: 0, characters: 0, tokens: 0 };
  if (value === undefined || value === null || value === "") return { ...none, faults: [] };
  const faults: RowFault[] = [];
  if (typeof value !== "string") {
    const advice = "write the list as a JSON string: json.dumps(tools); all rows must have one type";
    if (!format.takesStructures) return { ...none, faults: [error("tools", "not a text", advice)] };
    faults.push(warning("tools", `${kindOf(value)} instead of a text`, advice));
  }
  const parsed = typeof value === "string" ? parseJson(value) : value;
  if (parsed === undefined || (!Array.isArray(parsed) && !isMap(parsed))) {
    const reason = parsed === undefined ? "the text is not JSON" : `${kindOf(parsed)} instead of a list`;
    return {
      ...none,
      faults: [error("tools", reason, "write it with json.dumps(tools, ensure_ascii=False), not with str(tools)")],
    };
  }
  const list = Array.isArray(parsed) ? parsed : [parsed];
  const names = new Set<string>();
  list.forEach((entry, index) => {
    // A list may hold each tool as a text of its own.
    const tool = typeof entry === "string" ? parseJson(entry) : entry;
    const name = nameOf(tool);
    if (name !== undefined && names.has(name)) {
      faults.push(error(`tools[${index}]`, `tool ${name} stands twice`, "give each tool its own name"));
    }
    if (name !== undefined) names.add(name);
    faults.push(...checkTool(tool, name, `tools[${index}]`));
  });
  const text = textOf(value);
  return { names, count: list.length, faults, characters: text.length, tokens: estimatedTokens(text) };
}

function bodyOf(tool: unknown): unknown {
  return isMap(tool) && isMap(tool.function) ? tool.function : tool;
}

function nameOf(tool: unknown): string | undefined {
  const body = bodyOf(tool);
  const name = isMap(body) ? (own(body, "name_for_model") ?? own(body, "name")) : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

function checkTool(tool: unknown, name: string | undefined, at: string): RowFault[] {
  const body = bodyOf(tool);
  const field = `${at}.function`;
  if (!isMap(body) || name === undefined) {
    return [
      error(`${field}.name`, "there is no name", "write {type: function, function: {name, description, parameters}}"),
    ];
  }
  const faults: RowFault[] = [];
  const description = own(body, "description") ?? own(body, "description_for_model");
  if (typeof description !== "string") {
    const advice = "add one: some templates refuse the row without";
    faults.push(warning(`${field}.description`, `tool ${name} has no description`, advice));
  }
  const parameters = own(body, "parameters");
  if (parameters !== undefined && parameters !== null && !isMap(parameters)) {
    faults.push(warning(`${field}.parameters`, `${kindOf(parameters)} instead of an object`, "write a JSON schema"));
  }
  if (!serverName.test(name)) {
    const advice = "use letters, digits, _ and -, at most 64: servers refuse others";
    faults.push(warning(`${field}.name`, `name ${name.slice(0, 80)}`, advice));
  }
  return faults;
}
