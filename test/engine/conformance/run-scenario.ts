import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type EngineCommand, type Running, runNow, start } from "./engine-command";
import { readEvents } from "./event-records";
import { NormalForm, withNamedIds } from "./normal-form";
import { ScenarioProject } from "./project";
import type { CallPattern, Scenario, ScenarioStep, StepRecord } from "./scenario";

const UPDATES = ["up", "preview", "refresh", "destroy", "import"];
const POLL_MS = 20;

/** Runs a scenario from the first step to the last, in a project of its own that is removed at the end. */
export async function runScenario(scenario: Scenario, engine: EngineCommand): Promise<StepRecord[]> {
  const project = new ScenarioProject(scenario.folder);
  try {
    return await new ScenarioRun(scenario, engine, project).run();
  } finally {
    project.remove();
  }
}

class ScenarioRun {
  /** Stands in the environment of every process of the run, so that those that are left behind can be told. */
  private readonly mark = randomUUID().replaceAll("-", "");
  private readonly normal: NormalForm;

  constructor(
    private readonly scenario: Scenario,
    private readonly engine: EngineCommand,
    private readonly project: ScenarioProject,
  ) {
    this.normal = new NormalForm([[project.root, "<project>"]]);
  }

  async run(): Promise<StepRecord[]> {
    const { scenario, project, engine, normal } = this;
    normal.stepStarts("init");
    project.use(scenario.steps[0]?.program ?? "p1.ts");
    runNow([...engine.argv, "stack", "init", "dev", "--non-interactive"], project);
    const records: StepRecord[] = [];
    try {
      for (const [index, step] of scenario.steps.entries()) {
        if (step.program !== undefined) project.use(step.program);
        project.change(step.world);
        normal.stepStarts(`step ${index + 1}`);
        const ran = await this.step(step);
        const state = withoutPassing(await engine.exported(project));
        const calls = project.takeCalls().map(call => normal.value(call));
        records.push({
          ...ran,
          calls: calls as StepRecord["calls"],
          state: normal.value(state) as StepRecord["state"],
          world: normal.value(project.world()),
          config: this.config(),
          ...((step.kill || step.during) && { locks: this.locks() }),
        });
      }
    } finally {
      for (const pid of this.processes()) kill(pid);
    }
    return withNamedIds(records);
  }

  private async step(step: ScenarioStep): Promise<Pick<StepRecord, "exit" | "events" | "nested">> {
    const log = this.project.path(`.events-${randomUUID()}`);
    const running = start([...this.engine.argv, ...this.argv(step, log)], this.project, this.mark);
    let nested: StepRecord | undefined;
    if (step.kill !== undefined) {
      await this.seen(step.kill, running);
      for (const pid of [running.pid, ...this.processes()]) kill(pid);
    } else if (step.during !== undefined) {
      await this.seen(step.during.when, running);
      nested = (await this.step(step.during.step)) as StepRecord;
    }
    const { exit, output } = await running.ended;
    if (exit !== step.expect)
      throw new Error(`${step.cmd.join(" ")}: exit ${exit}, expected ${step.expect}\n${output}`);
    const events = existsSync(log) ? readEvents(log).map(event => this.normal.value(event)) : [];
    rmSync(log, { force: true });
    return { exit, events: events as never, ...(nested && { nested }) };
  }

  private argv(step: ScenarioStep, log: string): string[] {
    const [verb = ""] = step.cmd;
    const always = [...(step.args ?? []), "--non-interactive", "--color", "never"];
    if (!UPDATES.includes(verb)) return [...step.cmd, ...always];
    const preview = verb === "preview" || step.noYes;
    const unasked = preview ? [] : step.withPreview ? ["--yes"] : ["--yes", "--skip-preview"];
    const parallel = String(step.parallel ?? this.scenario.parallel);
    return [...step.cmd, "--parallel", parallel, ...unasked, "--event-log", log, ...always];
  }

  /** Waits until a call was logged. @throws Error if the engine ends before */
  private async seen(call: CallPattern, running: Running): Promise<void> {
    let over = false;
    running.ended.then(() => {
      over = true;
    });
    while (!this.project.hasSeen(call)) {
      if (over)
        throw new Error(`the engine ended before ${call.method} of ${call.name}: ${(await running.ended).output}`);
      await pause(POLL_MS);
    }
  }

  private processes(): number[] {
    const pids = readdirSync("/proc")
      .map(Number)
      .filter(pid => pid > 0 && pid !== process.pid);
    return pids.filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`PROBE_RUN=${this.mark}`);
      } catch {
        // Gone, or not ours.
        return false;
      }
    });
  }

  private locks(): string[] {
    return this.project.locks().map(lock => lock.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<uuid>"));
  }

  private config(): string | null {
    const text = this.project.config();
    return text && this.normal.text(text.replace(/encryptionsalt: .*/g, "encryptionsalt: <salt>"));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It was gone already.
  }
}

/** A state without its head's time, version and salt. */
function withoutPassing(exported: unknown): unknown {
  const state = structuredClone(exported) as { deployment?: Record<string, Record<string, unknown>> };
  const { manifest, secrets_providers: secrets } = state.deployment ?? {};
  for (const key of ["time", "magic", "version"]) if (manifest && key in manifest) manifest[key] = `<${key}>`;
  const salted = secrets?.state as Record<string, unknown> | undefined;
  if (salted?.salt !== undefined) salted.salt = "<salt>";
  return state;
}
