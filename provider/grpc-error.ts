import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { encode } from "../wire/struct";
import type { ValueMap } from "../wire/values";

/** An HTTP/2 header of more than 64 KiB is lost by Node's http2 (nghttp2), and base64 needs a third of it. */
const TRAILER_BYTES = 40 * 1024;
const TEXT_CHARACTERS = 6000;

/** A failure that goes over the wire as it is. The text is shown to the operator, and is redacted already. */
export class WireError extends Error {
  constructor(
    readonly code: grpc.status,
    text: string,
    readonly metadata?: grpc.Metadata,
  ) {
    super(text);
  }
}

export interface PartialState {
  readonly id: string;
  readonly outputs: ValueMap;
  readonly reasons: readonly string[];
  /** Names of the inputs among the outputs. They may be left out: the state has them as inputs too. */
  readonly inputNames: ReadonlySet<string>;
}

/**
 * "The resource is there, but not as declared": ErrorResourceInitFailed inside a google.rpc.Status in the trailer
 * `grpc-status-details-bin`, which is how Pulumi's own Node provider sends it (SDK 3.248, provider/server.ts).
 * It brings no inputs: engines then keep the ones they have.
 */
export function initFailedError(partial: PartialState): WireError {
  const text = shorten(partial.reasons.join("\n"));
  const detail = new ErrorResourceInitFailed()
    .setId(partial.id)
    .setProperties(encode(fitting(partial.outputs, partial.inputNames)))
    .setReasonsList(partial.reasons.map(shorten));
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage("initialization failed");
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return new WireError(grpc.status.UNKNOWN, text, metadata);
}

/** A text of at most some thousand characters: its beginning and its end. */
export function shorten(text: string): string {
  if (text.length <= TEXT_CHARACTERS) return text;
  const half = TEXT_CHARACTERS / 2;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}

function fitting(outputs: ValueMap, inputNames: ReadonlySet<string>): ValueMap {
  let left = outputs;
  const size = (values: ValueMap): number => encode(values).serializeBinary().length;
  while (size(left) > TRAILER_BYTES) {
    const sizes = Object.keys(left)
      .filter(name => inputNames.has(name))
      .map(name => ({ name, bytes: size({ value: left[name] ?? null }) }))
      .sort((a, b) => b.bytes - a.bytes);
    const largest = sizes[0];
    if (!largest) break;
    left = Object.fromEntries(Object.entries(left).filter(([name]) => name !== largest.name));
  }
  return left;
}
