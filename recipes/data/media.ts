import { columnOf } from "./columns";
import { error, type RowFault, warning } from "./fault";
import { isMap, type JsonMap } from "./json";
import type { Message } from "./messages";

export const mediaKinds = ["images", "videos", "audios"] as const;
export type MediaKind = (typeof mediaKinds)[number];
export type MediaCounts = Readonly<Record<MediaKind, number>>;

const tags: Readonly<Record<MediaKind, string>> = { images: "<image>", videos: "<video>", audios: "<audio>" };

export interface Media {
  readonly counts: MediaCounts;
  readonly faults: readonly RowFault[];
}

/** Pictures, films and sounds of a row: as many as there are tags for them in the messages. */
export function readMedia(row: JsonMap, messages: readonly Message[]): Media {
  const faults: RowFault[] = [];
  const counts = { images: 0, videos: 0, audios: 0 };
  for (const kind of mediaKinds) {
    const column = columnOf(row, kind);
    const count = countOf(column?.value);
    if (count === undefined) {
      faults.push(error(column?.name ?? kind, "neither a path nor a list of paths", "write a list of paths or URLs"));
      continue;
    }
    counts[kind] = count;
    const placed = messages.reduce((sum, message) => sum + occurrences(message.content, tags[kind]), 0);
    if (placed === count || (count === 0 && column === undefined)) continue;
    const field = column?.name ?? kind;
    const reason = `${count} of them and ${placed} ${tags[kind]} in the messages`;
    if (placed > count) faults.push(error(field, reason, `write one ${tags[kind]} for each`));
    // Upstream puts the tags that are missing in front of the first message.
    else faults.push(warning(field, reason, `write ${tags[kind]} where each belongs; else it is put in front`));
  }
  return { counts, faults };
}

/** Undefined: nothing that the loader reads. */
function countOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === "") return 0;
  if (typeof value === "string" || isMap(value)) return 1;
  return Array.isArray(value) && value.every(entry => typeof entry === "string" || isMap(entry) || Array.isArray(entry))
    ? value.length
    : undefined;
}

function occurrences(content: unknown, tag: string): number {
  if (typeof content !== "string" || !content.includes("<")) return 0;
  return content.split(tag).length - 1;
}
