import { diffArrays } from "diff";

export interface DiffLine {
  readonly mark: "-" | "+" | " ";
  readonly text: string;
}

/** Texts that differ in more lines than this are shown as removed and added as a whole: finding what they share would take seconds. */
const maxDifferences = 3_000;

/** The lines that both have stay, the rest is removed or added. */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  const parts = diffArrays([...before], [...after], { maxEditLength: maxDifferences }) ?? [
    { value: before, added: false, removed: true },
    { value: after, added: true, removed: false },
  ];
  return parts.flatMap(({ value, added, removed }) => {
    const mark = added ? "+" : removed ? "-" : " ";
    return value.map((text): DiffLine => ({ mark, text }));
  });
}

/** Leaves `context` unchanged lines around each change; what is left out becomes one line of an ellipsis. */
export function hunks(lines: readonly DiffLine[], context = 1): DiffLine[] {
  const near = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (line.mark === " ") continue;
    for (let at = index - context; at <= index + context; at++) near.add(at);
  }
  const shown: DiffLine[] = [];
  let skipped = false;
  for (const [index, line] of lines.entries()) {
    if (near.has(index)) {
      if (skipped) shown.push({ mark: " ", text: "…" });
      shown.push(line);
      skipped = false;
    } else {
      skipped = true;
    }
  }
  if (skipped && shown.length > 0) shown.push({ mark: " ", text: "…" });
  return shown;
}
