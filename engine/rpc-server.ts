import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "./diagnosed-error";
import { RunEndedError } from "./session";

/** Longest path of a unix socket on Linux, without the final zero. */
const MAX_SOCKET_PATH = 107;

/** A gRPC server on a unix socket in a folder of its own that nobody else may enter. */
export class RpcServer {
  private readonly server = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  private folder: string | undefined;

  serve(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.server.addService(service, implementation);
  }

  /** @returns the address, `unix:/path` */
  async listen(): Promise<string> {
    const wanted = join(tmpdir(), "muster-");
    const parent = wanted.length + "XXXXXX/engine.sock".length > MAX_SOCKET_PATH ? "/tmp/muster-" : wanted;
    this.folder = mkdtempSync(parent);
    chmodSync(this.folder, 0o700);
    const address = `unix:${join(this.folder, "engine.sock")}`;
    await new Promise<void>((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), error => (error ? reject(error) : resolve()));
    });
    return address;
  }

  close(): void {
    this.server.forceShutdown();
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Wraps an async function as a handler; what it throws becomes the call's error. */
export function unary<Request, Response>(
  handler: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
    handler(call.request).then(
      response => answer(null, response),
      (error: unknown) => {
        const code = error instanceof RunEndedError ? status.UNAVAILABLE : status.UNKNOWN;
        answer({ code, details: messageOf(error) });
      },
    );
  };
}
