import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Document, isCollection, isMap, parseDocument } from "yaml";
import { parsePath } from "./planner/property-path";
import type { Project } from "./project";

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
    if (error !== undefined) throw new Error(`${this.path}: not valid YAML: ${error.message}`);
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

  /** Sets a key, or with `path` something inside it. @param value text, or `{secure}` */
  set(key: string, value: string | { secure: string }, path: boolean): void {
    const at = this.locate(key, path);
    const typed = path && typeof value === "string" ? typedScalar(value) : value;
    for (let depth = 1; depth < at.length; depth += 1) {
      const parent = at.slice(0, depth);
      if (!isCollection(this.document.getIn(parent))) {
        this.document.setIn(parent, this.document.createNode(typeof at[depth] === "number" ? [] : {}));
      }
    }
    this.document.setIn(at, typeof typed === "object" ? this.document.createNode(typed) : typed);
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
    writeFileSync(this.path, empty ? "" : this.document.toString({ lineWidth: 0 }), { mode: 0o644 });
  }

  private locate(key: string, path: boolean): (string | number)[] {
    if (!path) return ["config", this.fullKey(key)];
    const colon = key.indexOf(":");
    const namespace = colon < 0 ? this.project.name : key.slice(0, colon);
    const [head, ...below] = parsePath(key.slice(colon + 1));
    if (head === undefined) throw new Error(`'${key}' names no config key`);
    return ["config", `${namespace}:${head}`, ...below];
  }
}

/** What stock makes of a value that is set at a path: numbers and booleans are such, all else is text. */
function typedScalar(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}
