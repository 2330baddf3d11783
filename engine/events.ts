import type { z } from "zod";
import type { anyEvent, diagnostic, metadata, operation, state, summary } from "./event-schema";

/**
 * Engine events, in the shape of Pulumi's own event log (`pulumi up --event-log`, apitype.EngineEvent of Pulumi 3.260):
 * one of the optional members is set. `--json` prints them one a line.
 */
export type EngineEvent = z.infer<typeof anyEvent>;
export type OpType = z.infer<typeof operation>;
export type StepMetadata = z.infer<typeof metadata>;
/** Secrets are `[secret]` already, unknowns are the sentinel "04da6b54-80e4-46f7-96ec-b56ff0331ba9". */
export type StepState = z.infer<typeof state>;
export type DiagnosticEvent = z.infer<typeof diagnostic>;
export type SummaryEvent = z.infer<typeof summary>;
