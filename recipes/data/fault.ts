/** What is wrong with a row, in the terms of the person who wrote it. */
export interface RowFault {
  /** error: ms-swift deletes the row without a word, stops at it, or trains nothing with it. */
  readonly severity: "error" | "warning";
  /** `messages[2].content`; empty for the whole row. */
  readonly field: string;
  readonly reason: string;
  readonly remedy: string;
}

export function error(field: string, reason: string, remedy: string): RowFault {
  return { severity: "error", field, reason, remedy };
}

export function warning(field: string, reason: string, remedy: string): RowFault {
  return { severity: "warning", field, reason, remedy };
}
