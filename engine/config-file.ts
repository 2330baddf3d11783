import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Document, isCollection, isMap, isSeq, parseDocument, type YAMLError } from "yaml";
import { OperatorError } from "../wire/operator-error";
import { parsePath } from "./planner/property-path";
import type { Project } from "./project";
import { writeDurably } from "./state/files";

/** `Pulumi.<stack>.yaml`: configuration and the salt of its secrets. Comments and order are kept. */
export class ConfigFile {
  private readonly document: Document;

  constructor(
    private readonly project: Pick<Project, "root" | "name" | "stackConfigFolder">,
    stack: string,
  ) {
    this.path = join(project.root, project.stackConfigFolder, `Pulumi.${stack}.yaml`);
    this.document = existsSync(this.path) ? parseDocument(readFileSync(this.path, "utf8")) : new Document({});
    const [error] = this.document.errors;
    if (error !== undefined) throw notYaml(this.path, error);
    const { contents } = this.document;
    if (contents !== null && !isMap(contents)) {
      throw new OperatorError({
        summary: "the stack's configuration file is no map",
        where: this.path,
        remedy: "write `config:` and the values below it, or remove the file and use: muster config set KEY VALUE",
      });
    }
    if (this.document.contents === null) this.document.contents = this.document.createNode({});
  }

  readonly path: string;

  get salt(): string | undefined {
    const salt = this.document.get("encryptionsalt");
    return typeof salt === "string" ? salt : undefined;
  }

  /** Set once, when the stack is made; put in front, as stock does. */
  set salt(salt: string | undefined) {
    this.document.delete("encryptionsalt");
    if (salt === undefined || !isMap(this.document.contents)) return;
    this.document.contents.items.unshift(this.document.createPair("encryptionsalt", salt));
  }

  /** `key` with its namespace: `name` is `<project>:name`. */
  fullKey(key: string): string {
    return key.includes(":") ? key : `${this.project.name}:${key}`;
  }

  /** All of `config:` as plain data; a secret is `{secure: <ciphertext>}`. */
  entries(): Record<string, unknown> {
    const config = this.document.get("config");
    return isCollection(config) ? (config.toJSON() as Record<string, unknown>) : {};
  }

  /**
   * Sets a key, or with `path` something inside it.
   * @param value plain data; a secret in it is `{secure}`
   * @param asIs text stays text; without, at a path, what looks like a number or truth value is one, as with stock
   * @throws OperatorError if the path leads through something that is no map or list, or beyond the end of a list
   */
  set(key: string, value: unknown, path: boolean, asIs = false): void {
    const at = this.locate(key, path);
    const typed = path && !asIs && typeof value === "string" ? typedScalar(value) : value;
    for (let depth = 1; depth < at.length; depth += 1) this.openParent(key, at.slice(0, depth), at[depth] ?? "");
    this.document.setIn(at, typeof typed === "object" ? this.document.createNode(typed) : typed);
  }

  /** Makes sure that what a path leads through can hold its next part. */
  private openParent(key: string, at: readonly (string | number)[], next: string | number): void {
    const parent: unknown = this.document.getIn(at);
    if (parent === undefined || parent === null) {
      if (typeof next === "number" && next > 0) throw this.unfit(key, `index ${next} of a list that is not there`);
      this.document.setIn(at, this.document.createNode(typeof next === "number" ? [] : {}));
      return;
    }
    const place = at.length === 1 ? "config" : at.slice(1).join(".");
    if (isMap(parent) && at.length > 1 && parent.has("secure")) throw this.unfit(key, `${place} is a secret`);
    if (!isCollection(parent)) throw this.unfit(key, `${place} is a single value`);
    if (!isSeq(parent)) return;
    if (typeof next !== "number") throw this.unfit(key, `${place} is a list`);
    const { length } = parent.items;
    if (next > length) throw this.unfit(key, `${place} is a list of ${length}, so the next index is ${length}`);
  }

  private unfit(key: string, detail: string): OperatorError {
    return new OperatorError({
      summary: `'${key}' can't be set`,
      where: this.path,
      detail,
      remedy:
        "set it as a whole (without --path, a list or map can't be given), or remove it first: muster config rm KEY",
    });
  }

  /** The value of a key as plain data; undefined if it is not set. */
  get(key: string, path: boolean): unknown {
    const found: unknown = this.document.getIn(this.locate(key, path));
    return isCollection(found) ? found.toJSON() : found;
  }

  /** @returns whether it was there */
  remove(key: string, path: boolean): boolean {
    const at = this.locate(key, path);
    if (!this.document.hasIn(at)) return false;
    this.document.deleteIn(at);
    if (Object.keys(this.entries()).length === 0) this.document.delete("config");
    return true;
  }

  save(): void {
    const empty = isMap(this.document.contents) && this.document.contents.items.length === 0;
    writeDurably(this.path, empty ? "" : this.document.toString({ lineWidth: 0 }), 0o644);
  }

  private locate(key: string, path: boolean): (string | number)[] {
    if (!path) return ["config", this.fullKey(key)];
    const colon = key.indexOf(":");
    const namespace = colon < 0 ? this.project.name : key.slice(0, colon);
    const [head, ...below] = parsePath(key.slice(colon + 1));
    if (head === undefined || head === "*" || below.includes("*")) {
      throw new OperatorError({
        summary: `'${key}' names no config key`,
        remedy: 'write a path such as parent.child, list[0] or ["odd.name"].child',
      });
    }
    return ["config", `${namespace}:${head}`, ...below];
  }
}

/** A file that is not valid YAML, with the line. */
export function notYaml(path: string, error: YAMLError): OperatorError {
  const [start] = error.linePos ?? [];
  // The parser's message goes on with the place and the line itself.
  const [detail = error.message, ...source] = error.message.split("\n");
  return new OperatorError({
    summary: "not valid YAML",
    where: start === undefined ? path : `${path}:${start.line}:${start.col}`,
    detail: [detail.replace(/ at line \d+, column \d+:?$/, ""), ...source].join("\n"),
    remedy: "put the line right; nothing was changed",
  });
}

/** What stock makes of a value that is set at a path: numbers and booleans are such, all else is text. */
function typedScalar(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}
