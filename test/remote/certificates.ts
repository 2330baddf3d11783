import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const KEY_TYPES = ["ed25519", "ecdsa", "ecdsa384", "ecdsa521", "rsa"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export interface CertificateWish {
  readonly host?: boolean;
  readonly principals?: readonly string[];
  /** As `ssh-keygen -V` takes it. */
  readonly validity?: string;
  readonly id?: string;
  readonly serial?: bigint;
  readonly options?: readonly string[];
}

/** Keys and certificates that the real ssh-keygen makes, in a temporary folder. */
export class KeyMaker {
  readonly folder = mkdtempSync(path.join(tmpdir(), "muster-keys-"));

  /** Path of a private key; its public one is beside it. */
  key(name: string, type: KeyType = "ed25519", passphrase = ""): string {
    const file = this.file(name);
    const kind = type.startsWith("ecdsa") ? ["ecdsa", "-b", type.slice(5) || "256"] : [type];
    execFileSync("ssh-keygen", ["-q", "-t", ...kind, "-N", passphrase, "-C", name, "-f", file]);
    return file;
  }

  /** Path of the certificate of a key, beside it or under another name. */
  certify(authority: string, key: string, wish: CertificateWish = {}, name?: string): string {
    const argv = ["-q", "-s", authority, "-I", wish.id ?? "test", "-z", String(wish.serial ?? 0n)];
    if (wish.host) argv.push("-h");
    if (wish.principals?.length) argv.push("-n", wish.principals.join(","));
    if (wish.validity) argv.push("-V", wish.validity);
    for (const option of wish.options ?? []) argv.push("-O", option);
    execFileSync("ssh-keygen", [...argv, `${key}.pub`]);
    const made = `${key}-cert.pub`;
    if (name === undefined) return made;
    copyFileSync(made, this.file(name));
    rmSync(made);
    return this.file(name);
  }

  /** The public key of a private one, as one line without its newline. */
  publicKey(key: string): string {
    return readFileSync(`${key}.pub`, "utf8").trim();
  }

  /** What `ssh-keygen -lf` says of it. */
  fingerprint(key: string): string {
    return execFileSync("ssh-keygen", ["-lf", `${key}.pub`], { encoding: "utf8" }).split(" ")[1] ?? "";
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
