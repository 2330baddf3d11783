import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Status lines to the engine. They are shown live beside the resource and then forgotten, so a lost one is no failure. */
export class EngineLog {
  private client: EngineClient | undefined;

  /** `address` as the engine gives it: `127.0.0.1:port` or `unix:/path`. */
  attach(address: string): void {
    this.client?.close();
    this.client = new EngineClient(address, grpc.credentials.createInsecure());
  }

  status(urn: string, line: string): void {
    this.send(urn, line, true, LogSeverity.INFO);
  }

  warn(urn: string, line: string): void {
    this.send(urn, line, false, LogSeverity.WARNING);
  }

  info(urn: string, line: string): void {
    this.send(urn, line, false, LogSeverity.INFO);
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
  }

  private send(urn: string, line: string, ephemeral: boolean, severity: LogSeverity): void {
    const request = new LogRequest().setSeverity(severity).setMessage(line).setUrn(urn).setEphemeral(ephemeral);
    this.client?.log(request, () => {});
  }
}
