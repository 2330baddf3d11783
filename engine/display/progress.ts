import type { DiagnosticEvent } from "../events";
import { messageText } from "./diagnostics";
import { changeOf, isProvider, isStack, resourceName, verbs } from "./names";
import { painter } from "./plan-tree";
import type { Finished, RunModel, ShownStep } from "./run-model";
import { printable, type Style } from "./style";
import { elapsedText } from "./summary";

/** `  12.3s  created  node-2-container  Container  (1.2s)`; undefined for what changed nothing. */
export function finishedLine(model: RunModel, finished: Finished, style: Style): string | undefined {
  const { step, looked } = finished;
  const { metadata } = step;
  const quiet = looked || metadata.op === "same" || isStack(metadata.type) || metadata.op === "replace";
  if ((quiet && !step.failed) || (isProvider(metadata.type) && !step.failed)) return undefined;
  const ended = step.endedSeconds ?? step.startedSeconds;
  const { name, type } = resourceName(metadata.urn);
  const word = step.failed ? `failed ${verbs[metadata.op].now}` : verbs[metadata.op].done;
  const paint = step.failed ? style.bad : painter(changeOf(metadata.op), style);
  const took = style.faint(`(${elapsedText(ended - step.startedSeconds)})`);
  return `${clock(model, ended)}  ${paint(word.padEnd(8))}  ${name}  ${style.faint(type)}  ${took}`;
}

/** A message that is shown when it comes; errors and warnings are shown again at the end. */
export function messageLines(model: RunModel, diagnostic: DiagnosticEvent, atSeconds: number, style: Style): string[] {
  if (diagnostic.ephemeral || diagnostic.severity === "debug") return [];
  const text = messageText(diagnostic.message);
  if (text.trim() === "" || (diagnostic.severity === "error" && !diagnostic.urn)) return [];
  const names: Record<DiagnosticEvent["severity"], string> = {
    debug: "",
    info: "info",
    "info#err": "info",
    warning: "warning",
    error: "error",
  };
  const word = names[diagnostic.severity];
  const paint = word === "error" ? style.bad : word === "warning" ? style.change : style.info;
  const resource = diagnostic.urn ? `${resourceName(diagnostic.urn).name}: ` : "";
  const [first = "", ...rest] = text.split("\n");
  return [
    `${clock(model, atSeconds)}  ${paint(word.padEnd(8))}  ${resource}${first}`,
    ...rest.map(line => `${" ".repeat(19)}${line}`),
  ];
}

function clock(model: RunModel, atSeconds: number): string {
  return elapsedText(atSeconds - model.startedSeconds).padStart(7);
}

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** Most resources that the live region shows at a time. */
const maxRunning = 12;

/** The live region: what runs now, longest first, and one status line. No line is wider than the terminal. */
export function frame(model: RunModel, title: string, nowSeconds: number, size: FrameSize, style: Style): string[] {
  const running = [...model.running.values()]
    .filter(step => !isStack(step.metadata.type) && !isProvider(step.metadata.type) && step.metadata.op !== "same")
    .sort((a, b) => a.startedSeconds - b.startedSeconds);
  const room = Math.max(1, Math.min(maxRunning, size.rows - 3));
  const shown = running.slice(0, room);
  const lines = shown.map(step => runningLine(step, nowSeconds, size.columns, style));
  if (running.length > shown.length) lines.push(`  … and ${running.length - shown.length} more`);
  const status = `${title}  ${model.finishedSteps} done, ${running.length} running, ${elapsedText(nowSeconds - model.startedSeconds)}`;
  return [...lines, style.strong(clip(status, size.columns))];
}

function runningLine(step: ShownStep, nowSeconds: number, columns: number, style: Style): string {
  const { name } = resourceName(step.metadata.urn);
  const word = verbs[step.metadata.op].now;
  const head = `  ${word.padEnd(9)}  `;
  const status = step.status ? `  ${printable(step.status).replace(/\s+/g, " ")}` : "";
  const text = clip(`${head}${name}  ${elapsedText(nowSeconds - step.startedSeconds)}${status}`, columns);
  return painter(changeOf(step.metadata.op), style)(text.slice(0, head.length)) + text.slice(head.length);
}

/** One column is left free: some terminals wrap when the last one is written. */
function clip(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(1, columns - 2))}…`;
}
