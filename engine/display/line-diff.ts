export interface DiffLine {
  readonly mark: "-" | "+" | " ";
  readonly text: string;
}

/** Above this many comparisons the middle is shown as removed and added, without looking for what they share. */
const maxComparisons = 4_000_000;

/** The lines of a longest common subsequence stay, the rest is removed or added. */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  return [
    ...before.slice(0, start).map(keep),
    ...middleDiff(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(keep),
  ];
}

const keep = (text: string): DiffLine => ({ mark: " ", text });
const removed = (text: string): DiffLine => ({ mark: "-", text });
const added = (text: string): DiffLine => ({ mark: "+", text });

function middleDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length * after.length > maxComparisons) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const old = before[row];
    const fresh = after[column];
    if (old !== undefined && old === fresh) {
      lines.push(keep(old));
      row++;
      column++;
    } else if (old !== undefined && (fresh === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(old));
      row++;
    } else if (fresh !== undefined) {
      lines.push(added(fresh));
      column++;
    }
  }
  return lines;
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
