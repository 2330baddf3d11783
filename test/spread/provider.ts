import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { packages } from "../../provider/packages";
import { startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import type { ValueMap } from "../../wire/values";
import type { Cleanup } from "../support/cleanup";
import { ProviderClient } from "../support/provider-client";
import { hostTable } from "./site";

export const IMAGE = "muster:index:Image";

export interface Made {
  readonly id: string;
  readonly inputs: ValueMap;
  readonly outputs: ValueMap;
}

/** The provider of one run, as an engine starts it. */
export class Operator {
  private constructor(
    readonly client: ProviderClient,
    private readonly audit: string,
  ) {}

  static async start(cleanup: Cleanup, cluster: string): Promise<Operator> {
    const folder = mkdtempSync(path.join(tmpdir(), "muster-spread-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    const server = await startProviderServer({ packages, services: newServices() });
    cleanup.add(() => server.stop());
    const client = new ProviderClient(await server.address("muster"));
    cleanup.add(() => client.close());
    const auditLog = path.join(folder, "audit.log");
    await client.configure({
      cluster,
      hosts: hostTable() as unknown as ValueMap[],
      auditLog,
      connectTimeoutSeconds: 10,
    });
    return new Operator(client, auditLog);
  }

  /** The image on a host: checked and created. */
  async make(args: ValueMap): Promise<Made> {
    const { inputs, failures } = await this.client.check(IMAGE, args);
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return { inputs, ...(await this.client.create(IMAGE, inputs)) };
  }

  async remove(made: Made): Promise<void> {
    await this.client.delete(IMAGE, made.id, made.outputs, made.inputs);
  }

  /** What was changed, as the audit log tells it: `node-1: load image x`. */
  changes(): string[] {
    const lines = readFileSync(this.audit, "utf8").trim().split("\n").filter(Boolean);
    return lines.map(line => JSON.parse(line)).map(({ host, what }) => `${host}: ${what}`);
  }
}
