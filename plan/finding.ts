/** Something about the file or the hosts that a person should know before anything is changed. */
export interface Finding {
  /** Stable name, such as `slots-above-gpus`: what `doctor.accept` lists. */
  readonly code: string;
  /** error: nothing is changed while it stands. */
  readonly severity: "error" | "warning" | "info";
  /** Absent: it concerns the file, all hosts, or those of `hosts`. */
  readonly host?: string;
  /** Hosts that are at odds with each other, and nothing tells which of them is wrong. */
  readonly hosts?: readonly string[];
  /** Path in the cluster file, if one setting is at fault. */
  readonly path?: string;
  /** What was found. */
  readonly fact: string;
  /** What would happen. */
  readonly why: string;
  /** The command to run, or the line to write. */
  readonly remedy: string;
}

/** One entry of `doctor.accept` in the cluster file. */
export interface AcceptedFinding {
  readonly finding: string;
  readonly host?: string;
  readonly reason: string;
}

/** Findings that stand, and those that the cluster file accepts, with the reason given there. */
export function splitAccepted(
  findings: readonly Finding[],
  accept: readonly AcceptedFinding[],
): { standing: Finding[]; accepted: (Finding & { reason: string })[] } {
  const standing: Finding[] = [];
  const accepted: (Finding & { reason: string })[] = [];
  for (const finding of findings) {
    const entry = accept.find(a => a.finding === finding.code && isOf(finding, a.host));
    if (entry) accepted.push({ ...finding, reason: entry.reason });
    else standing.push(finding);
  }
  return { standing, accepted };
}

/** Whether an entry for this host, or for any, is about the finding. */
function isOf({ host, hosts }: Finding, wanted: string | undefined): boolean {
  return wanted === undefined || wanted === host || hosts?.includes(wanted) === true;
}

/** A finding as text: `error node-1 slots-above-gpus: …`, the reason and the remedy indented. */
export function formatFinding(finding: Finding): string {
  const where = [finding.host ?? finding.hosts?.join(","), finding.path].filter(part => part !== undefined).join(" ");
  return [
    `${finding.severity}${where === "" ? "" : ` ${where}`} ${finding.code}: ${finding.fact}`,
    `  why: ${finding.why}`,
    `  remedy: ${finding.remedy}`,
  ].join("\n");
}
