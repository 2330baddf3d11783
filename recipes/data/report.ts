import type { LengthStatistics } from "./lengths";
import type { DatasetReport } from "./report-schema";

/** Whether all rows are fit for training, and there are some. */
export function isFit(report: DatasetReport): boolean {
  return report.errorCount === 0 && report.rows > 0;
}

/** The report for people: bad rows first, then numbers. */
export function formatDatasetReport(file: string, report: DatasetReport): string {
  return `${[...faultLines(file, report), ...numbers(report)].join("\n")}\n`;
}

function faultLines(file: string, report: DatasetReport): string[] {
  const lines = [...report.errors, ...report.warnings].map(fault => {
    const field = fault.field === "" ? "" : ` ${fault.field}:`;
    return `${file}:${fault.line}:${field} ${fault.severity}: ${fault.reason}\n  remedy: ${fault.remedy}`;
  });
  const hidden = report.errorCount + report.warningCount - report.errors.length - report.warnings.length;
  if (hidden === 0) return lines;
  const kinds = report.faults.slice(0, 20).map(fault => {
    const field = fault.field === "" ? "" : `${fault.field}: `;
    return `  ${fault.rows} x ${fault.severity}: ${field}${fault.reason} (first in line ${fault.firstLine})`;
  });
  return [...lines, `… and ${hidden} more. All of them by kind:`, ...kinds];
}

function numbers(report: DatasetReport): string[] {
  const { characters, tokens, media, repeats } = report;
  const { swift, purpose } = report.rules;
  const lines = [
    `${report.rows} rows, ${report.badRows} bad, ${report.rowsWithTools} with tools; ` +
      `checked for ${purpose} by the rules of ms-swift ${swift}`,
  ];
  const add = (name: string, counts: Readonly<Record<string, number>>): void => {
    const shown = Object.entries(counts).filter(([, count]) => count > 0);
    if (shown.length > 0) lines.push(`${name}: ${shown.map(([key, count]) => `${key} ${count}`).join(", ")}`);
  };
  add("rows by kind", report.kinds);
  add("messages", report.roles);
  add("calls", Object.fromEntries(Object.entries(report.calls).slice(0, 20)));
  add("media", { ...media });
  if (characters) lines.push(`characters a row: ${lengthText(characters)}`);
  if (tokens) lines.push(`tokens a row, estimated by the rule "${tokens.rule}": ${lengthText(tokens)}`);
  if (tokens?.above) {
    const { maxLength, rows } = tokens.above;
    lines.push(
      `rows above maxLength ${maxLength} by that estimate: ${rows}${rows > 0 ? "; ms-swift deletes such rows" : ""}`,
    );
  }
  if (repeats.rows > 0) {
    const where = repeats.among === "all" ? "" : ", looked for among the first million rows";
    lines.push(`rows that are the same as an earlier one: ${repeats.rows}${where}`);
  }
  return lines;
}

function lengthText({ least, median, p90, p99, most, longestLine }: LengthStatistics): string {
  return `${least} to ${most} (line ${longestLine}), median ${median}, 90 % up to ${p90}, 99 % up to ${p99}`;
}
