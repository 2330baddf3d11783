import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ConfigFile } from "../../../engine/config-file";
import type { EngineEvent } from "../../../engine/events";
import { Operation, type Outcome } from "../../../engine/operation";
import type { Outside } from "../../../engine/outside";
import { PlanRun } from "../../../engine/plan-files/plan-run";
import type { Project } from "../../../engine/project";
import type { Snapshot } from "../../../engine/resource";
import type { RunOptions } from "../../../engine/run";
import { cipherOf } from "../../../engine/secrets/passphrase";
import { deserializeSnapshot, encryptedForm, serializeSnapshot } from "../../../engine/state/deployment";
import type { JsonMap } from "../../../wire/struct";
import { type Call, FakeProgram } from "./fake-program";
import { type Placed, PROJECT, STACK } from "./program";
import type { World } from "./world";

/** A key that is there already: deriving one takes 0.3 s. */
export const CIPHER = cipherOf(Buffer.alloc(32, 7), "v1:c2FsdA==:v1:none");
const FORM = encryptedForm(CIPHER, new WeakMap());
const PROJECT_FILE: Project = {
  root: "/nonexistent",
  name: PROJECT,
  main: undefined,
  runtimeOptions: {},
  backendUrl: undefined,
  refreshAlways: false,
  pluginPaths: new Map(),
  configDefaults: new Map(),
  stackConfigFolder: "",
};

export interface InProcessRun {
  readonly options: Pick<RunOptions, "kind" | "parallel"> & Partial<RunOptions>;
  readonly start: Snapshot;
  readonly program: readonly Placed[];
  readonly world: World;
  readonly throwsAfter?: number;
  /** Called with each state that is to be written; the engine goes on once that is done. */
  onWrite(snapshot: Snapshot): void | Promise<void>;
}

export interface InProcessResult extends Outcome {
  readonly events: readonly EngineEvent[];
  readonly errors: readonly string[];
}

/** One run of the whole engine below the CLI: no process, no socket, no file; program and provider are *simulated*. */
export async function runInProcess(run: InProcessRun): Promise<InProcessResult> {
  const events: EngineEvent[] = [];
  const services: UntypedServiceImplementation = {};
  const call: Call = (method, request) =>
    new Promise((resolve, reject) => {
      const handler = services[method] as (call: unknown, answer: (error: unknown, response: unknown) => void) => void;
      handler({ request }, (error, response) => (error ? reject(error) : resolve(response)));
    });
  const outside: Outside = {
    server: {
      serve: (_service: ServiceDefinition, implementation: UntypedServiceImplementation) =>
        void Object.assign(services, implementation),
      listen: async () => "in-process",
      close: () => {},
    },
    checkpoint:
      run.options.kind === "preview" ? undefined : { write: async state => run.onWrite(state), seal: () => {} },
    startProgram: ({ dryRun }) => new FakeProgram(run.program, call, dryRun, run.throwsAfter),
    connectProvider: () => run.world.stub(),
    writeHistory: () => {},
    unlock: () => {},
  };
  const options: RunOptions = {
    projectRoot: PROJECT_FILE.root,
    stack: STACK,
    passphrase: "",
    plugins: { address: async () => "in-process" },
    onEvent: event => events.push(event),
    ...run.options,
  };
  const open = {
    project: PROJECT_FILE,
    stack: STACK,
    backend: { root: PROJECT_FILE.root, project: PROJECT },
    file: new ConfigFile(PROJECT_FILE, STACK),
    deployment: {},
    cipher: CIPHER,
    known: new WeakMap(),
  };
  const config = { texts: {}, secretKeys: [] };
  const plan = PlanRun.of(options, open, config);
  const outcome = await new Operation(options, open, run.start, config, plan, outside).run();
  const errors = events.flatMap(({ diagnosticEvent: event }) => (event?.severity === "error" ? [event.message] : []));
  return { ...outcome, events, errors };
}

/** Through the text of the state file and back. */
export function reread(snapshot: Snapshot): Snapshot {
  const text = JSON.stringify(serializeSnapshot(snapshot, CIPHER.salt, FORM, new Date(0)));
  return deserializeSnapshot(JSON.parse(text) as JsonMap, CIPHER, new WeakMap());
}
