import { OperatorError } from "../../wire/operator-error";
import { messageOf } from "../diagnosed-error";
import type { ResourceState, Snapshot } from "../resource";
import type { Cipher } from "../secrets/passphrase";
import { type Backend, checkpointPath, checkpointText, writeCheckpoint } from "./backend";
import {
  type Ciphertexts,
  deploymentHead,
  encryptedForm,
  type SecretForm,
  schemaOf,
  serializeResource,
} from "./deployment";
import { writeAttributes, writeBlobAsync } from "./files";
import type { CheckpointWriter } from "./journal";

const COMMA = Buffer.from(",");
/** Where the deployment goes in the text of a checkpoint; no such text can be in a stack's name. */
const SEAM = "\0";

/**
 * Writes a stack's checkpoints. The text of a resource is made and encoded once, as resources never change in place: with many
 * of them a checkpoint then costs little more than the copy of its bytes.
 */
export class CheckpointFile implements CheckpointWriter {
  private readonly texts = new WeakMap<ResourceState, Buffer>();
  private readonly form: SecretForm;
  private last: Buffer | undefined;
  private hasBackup = false;

  constructor(
    private readonly backend: Backend,
    private readonly stack: string,
    private readonly cipher: Cipher,
    known: Ciphertexts,
  ) {
    this.form = encryptedForm(cipher, known);
  }

  /** @throws OperatorError if the disk does not take it */
  async write(snapshot: Snapshot): Promise<void> {
    try {
      await this.writeText(this.textOf(snapshot));
    } catch (error) {
      throw new OperatorError(
        {
          summary: "the state can't be written, so nothing more is started",
          where: checkpointPath(this.backend, this.stack),
          detail: messageOf(error),
          remedy: `make room there, then run: muster refresh -s ${this.stack}`,
        },
        { cause: error },
      );
    }
  }

  private async writeText(text: Buffer): Promise<void> {
    this.last = text;
    if (!this.hasBackup) {
      // Once a run: `.bak` is the state before this run.
      writeCheckpoint(this.backend, this.stack, text);
      this.hasBackup = true;
      return;
    }
    await writeBlobAsync(checkpointPath(this.backend, this.stack), text);
  }

  /** Brings the attributes beside the checkpoint up to date; stock needs them only between runs. */
  seal(): void {
    if (this.last !== undefined) writeAttributes(checkpointPath(this.backend, this.stack), this.last);
  }

  private textOf({ resources, pendingOperations }: Snapshot): Buffer {
    const head = JSON.stringify(deploymentHead(this.cipher.salt, new Date())).slice(0, -1);
    const [before = "", after = ""] = checkpointText(this.backend, this.stack, SEAM, schemaOf(resources)).split(SEAM);
    const parts: Buffer[] = [Buffer.from(before), Buffer.from(head)];
    const list = (name: string, items: readonly (readonly Buffer[])[]): void => {
      if (items.length === 0) return;
      parts.push(
        Buffer.from(`,"${name}":[`),
        ...items.flatMap((item, index) => (index === 0 ? item : [COMMA, ...item])),
      );
      parts.push(Buffer.from("]"));
    };
    list(
      "resources",
      resources.map(state => [this.resourceText(state)]),
    );
    list(
      "pending_operations",
      pendingOperations.map(({ resource, type }) => [
        Buffer.from('{"resource":'),
        this.resourceText(resource),
        Buffer.from(`,"type":"${type}"}`),
      ]),
    );
    return Buffer.concat([...parts, Buffer.from(',"metadata":{}}'), Buffer.from(after)]);
  }

  private resourceText(state: ResourceState): Buffer {
    let text = this.texts.get(state);
    if (text === undefined) {
      text = Buffer.from(JSON.stringify(serializeResource(state, this.form)));
      this.texts.set(state, text);
    }
    return text;
  }
}
