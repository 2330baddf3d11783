import type { ResourceState, Snapshot } from "../resource";
import type { Cipher } from "../secrets/passphrase";
import { type Backend, checkpointPath, checkpointText, writeCheckpoint } from "./backend";
import { type Ciphertexts, deploymentHead, encryptedForm, type SecretForm, serializeResource } from "./deployment";
import { writeAttributes, writeBlobAsync } from "./files";
import type { CheckpointWriter } from "./journal";

/** Writes a stack's checkpoints. The text of a resource is made once, as resources never change in place. */
export class CheckpointFile implements CheckpointWriter {
  private readonly texts = new WeakMap<ResourceState, string>();
  private readonly form: SecretForm;
  private last: string | undefined;
  private hasBackup = false;

  constructor(
    private readonly backend: Backend,
    private readonly stack: string,
    private readonly cipher: Cipher,
    known: Ciphertexts,
  ) {
    this.form = encryptedForm(cipher, known);
  }

  async write(snapshot: Snapshot): Promise<void> {
    const text = checkpointText(this.backend, this.stack, this.deploymentText(snapshot));
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

  private deploymentText(snapshot: Snapshot): string {
    const head = JSON.stringify(deploymentHead(this.cipher.salt, new Date())).slice(1, -1);
    const resources = snapshot.resources.map(state => this.textOf(state)).join(",");
    const pending = snapshot.pendingOperations
      .map(operation => `{"resource":${this.textOf(operation.resource)},"type":"${operation.type}"}`)
      .join(",");
    const parts = [head];
    if (resources !== "") parts.push(`"resources":[${resources}]`);
    if (pending !== "") parts.push(`"pending_operations":[${pending}]`);
    parts.push('"metadata":{}');
    return `{${parts.join(",")}}`;
  }

  private textOf(state: ResourceState): string {
    let text = this.texts.get(state);
    if (text === undefined) {
      text = JSON.stringify(serializeResource(state, this.form));
      this.texts.set(state, text);
    }
    return text;
  }
}
