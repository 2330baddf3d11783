import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Program, type ProgramOptions } from "./program/process";
import { connectProvider } from "./provider/client";
import { RpcServer } from "./rpc-server";
import type { OpenStack } from "./stack-files";
import { CheckpointFile } from "./state/checkpoint";
import { type HistoryEntry, writeHistory } from "./state/history";
import type { CheckpointWriter } from "./state/journal";

/** How a run reaches what lies outside of the engine. Tests of the engine alone put in parts of their own. */
export interface Outside {
  /** Serves the monitor and the engine. */
  readonly server: Pick<RpcServer, "serve" | "listen" | "close">;
  /** Undefined in a run that changes nothing. */
  readonly checkpoint: (CheckpointWriter & { seal(): void }) | undefined;
  startProgram(options: ProgramOptions): Pick<Program, "ended" | "kill">;
  connectProvider(address: string): ResourceProviderClient;
  writeHistory(entry: HistoryEntry): void;
  unlock(): void;
}

/** Sockets, a process and the files of a stack. */
export function realOutside(open: OpenStack, dryRun: boolean, unlock: () => void): Outside {
  return {
    server: new RpcServer(),
    checkpoint: dryRun ? undefined : new CheckpointFile(open.backend, open.stack, open.cipher, open.known),
    startProgram: options => new Program(options),
    connectProvider,
    writeHistory: entry => writeHistory(open.backend, open.stack, entry),
    unlock,
  };
}
