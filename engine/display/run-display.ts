import type { DiagnosticEvent, EngineEvent } from "../events";
import { LiveRegion, type Sink } from "./live-region";
import { type FrameSize, finishedLine, frame, messageLines } from "./progress";
import { report } from "./report";
import { RunModel } from "./run-model";
import { colourStyle, plainStyle, type Style } from "./style";

/** What the display needs to know of the place it writes to. */
export interface Screen extends Sink {
  /** A terminal that can be redrawn. */
  readonly live: boolean;
  readonly colours: boolean;
  size(): FrameSize;
}

export interface RunDisplayOptions {
  readonly screen: Screen;
  /** What is done, to which stack: `up dev`. The first line, and the start of the status line. */
  readonly title: string;
  readonly preview: boolean;
  /** `--diff`: every property, and the tree after a run too. */
  readonly whole?: boolean;
  readonly withoutOutputs?: boolean;
  /** Seconds of a steady clock. */
  now(): number;
}

const redrawMilliseconds = 120;

/** Shows one run as it goes: progress while it runs, the report at its end. */
export class RunDisplay {
  readonly model: RunModel;
  private readonly style: Style;
  private readonly region: LiveRegion | undefined;
  private timer: NodeJS.Timeout | undefined;
  private wrote = false;
  private readonly told = new Set<string>();

  constructor(private readonly options: RunDisplayOptions) {
    this.model = new RunModel(options.now());
    this.style = options.screen.colours ? colourStyle : plainStyle;
    options.screen.write(`${this.style.strong(options.title)}\n`);
    if (!options.screen.live) return;
    this.region = new LiveRegion(options.screen);
    this.timer = setInterval(() => this.draw([]), redrawMilliseconds);
    this.timer.unref();
  }

  handle(event: EngineEvent): void {
    const at = this.options.now();
    const finished = this.model.apply(event, at);
    const lines: string[] = [];
    if (finished && !this.options.preview) {
      const line = finishedLine(this.model, finished, this.style);
      if (line) lines.push(line);
    }
    if (event.diagnosticEvent && this.isNew(event.diagnosticEvent))
      lines.push(...messageLines(this.model, event.diagnosticEvent, at, this.style));
    if (lines.length > 0) this.draw(lines);
  }

  /** A line for the operator from outside the run, such as an interrupt's; it stays above the live region. */
  say(text: string): void {
    this.draw([this.style.strong(text)]);
  }

  /** Ends the progress and writes the report. */
  finish(): void {
    this.stop();
    const { screen, preview, whole, withoutOutputs } = this.options;
    const elapsedSeconds = this.options.now() - this.model.startedSeconds;
    const lines = report(this.model, {
      style: this.style,
      whole,
      withoutOutputs,
      tree: preview || whole === true,
      elapsedSeconds,
    });
    screen.write(`${this.wrote ? "\n" : ""}${lines.join("\n")}\n\n`);
  }

  /** Ends the progress and writes nothing: the run threw. */
  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = undefined;
    this.region?.clear();
  }

  /** The same plan with every property, for an operator who asks for details. */
  details(): string {
    const elapsedSeconds = this.options.now() - this.model.startedSeconds;
    return report(this.model, { style: this.style, whole: true, tree: true, elapsedSeconds }).join("\n");
  }

  /** Errors and warnings come once as they come, whoever else says the same; the report names all of them. */
  private isNew({ severity, message, ephemeral }: DiagnosticEvent): boolean {
    if (ephemeral || (severity !== "warning" && severity !== "error")) return true;
    if (this.told.has(message)) return false;
    this.told.add(message);
    return true;
  }

  private draw(permanent: readonly string[]): void {
    if (permanent.length > 0) this.wrote = true;
    if (!this.region) {
      if (permanent.length > 0) this.options.screen.write(`${permanent.join("\n")}\n`);
      return;
    }
    const { title, now, screen } = this.options;
    this.region.draw(permanent, frame(this.model, title, now(), screen.size(), this.style));
  }
}
