const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Takes out of a run's records what differs from run to run: folders, ports, durations, times, ids of providers. */
export class NormalForm {
  /** Placeholders, in the order in which the ids appear. */
  private readonly uuids = new Map<string, string>();
  private readonly starts: { readonly at: number; readonly label: string }[] = [];

  constructor(private readonly folders: readonly (readonly [path: string, name: string])[]) {}

  /** From now on times fall into this step. */
  stepStarts(label: string): void {
    this.starts.push({ at: Date.now(), label });
  }

  text(text: string): string {
    const paths = this.folders.reduce((result, [path, name]) => result.replaceAll(path, name), text);
    return (
      paths
        // Programs are compiled before they run here; the recordings name the sources.
        .replaceAll("<project>/index.js", "<project>/index.ts")
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
        .replace(/created by \S+ \(pid \d+\) at [^\n]*/g, "created by <user@host> (pid <pid>) at <time>")
        .replace(/dev\/[0-9a-f-]{36}\.json/g, "dev/<uuid>.json")
        .replace(UUID, id => this.uuid(id))
        .replace(/\b\d+m?s\b|\b\d+m\d+s\b/g, "<dur>")
        .replace(/v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]+/g, "<ciphertext>")
        .replace(/\n? {4}at .*(?=\n|$)/g, "")
    );
  }

  value(value: unknown, key?: string): Json {
    if (Array.isArray(value)) return value.map(item => this.value(item));
    if (typeof value === "object" && value !== null) {
      const kept = Object.entries(value).filter(([name]) => name !== "sourcePosition" && name !== "stackTrace");
      return Object.fromEntries(kept.map(([name, item]) => [name, this.value(item, name)]));
    }
    if (typeof value !== "string") return value as Json;
    if ((key === "created" || key === "modified") && value !== "") return this.time(value);
    if (key === "randomSeed") return `<${value.length} base64 chars>`;
    return this.text(value);
  }

  private uuid(id: string): string {
    if (id === UNKNOWN) return id;
    const known = this.uuids.get(id) ?? `<uuid ${this.uuids.size + 1}>`;
    this.uuids.set(id, known);
    return known;
  }

  private time(text: string): string {
    const at = Date.parse(text);
    return `<during ${this.starts.findLast(start => start.at <= at)?.label ?? "?"}>`;
  }
}

interface Named {
  readonly calls: readonly { readonly method?: unknown; readonly urn?: unknown; readonly id?: unknown }[];
  readonly state: {
    readonly deployment?: { readonly resources?: readonly { readonly urn?: unknown; readonly id?: unknown }[] };
  };
}

/** Names the ids of providers after the providers, in the order of the steps; `#2` for a later one. */
export function withNamedIds<T extends Named>(records: readonly T[]): T[] {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { calls, state } of records) {
    const configured = calls.filter(call => call.method === "Configure");
    for (const { urn, id } of [...configured, ...(state.deployment?.resources ?? [])]) {
      if (typeof id !== "string" || !id.startsWith("<uuid") || names.has(id)) continue;
      const name = String(urn).split("::").pop() ?? "";
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      names.set(id, count === 1 ? `<uuid of ${name}>` : `<uuid of ${name} #${count}>`);
    }
  }
  return JSON.parse(JSON.stringify(records).replace(/<uuid \d+>/g, id => names.get(id) ?? "<uuid>"));
}
