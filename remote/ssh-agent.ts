import { connect } from "node:net";
import { readWire, type WireReader, wireString, wireUint32 } from "./ssh-wire";

/** Numbers of draft-miller-ssh-agent, 5.1 and 5.3. */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

const LIST_TIMEOUT_SECONDS = 5;
/** A person may have to confirm, or to touch a token. */
const SIGN_TIMEOUT_SECONDS = 60;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

export interface AgentKey {
  /** The public key or certificate, as it goes over the wire. */
  readonly blob: Buffer;
  readonly comment: string;
}

/**
 * One ssh-agent. ssh2 has a client for it too, which leaves out the certificates that an agent holds.
 * All its methods: @throws Error with a text for people.
 */
export class SshAgent {
  constructor(private readonly socket: string) {}

  /** Keys and certificates that it holds, in its order. */
  async list(): Promise<AgentKey[]> {
    const answer = await this.ask(Buffer.from([REQUEST_IDENTITIES]), IDENTITIES_ANSWER, LIST_TIMEOUT_SECONDS);
    const keys = readWire(answer, readKeys);
    if (!keys) throw new Error("its list of keys is malformed");
    return keys;
  }

  /** The bare signature, without its algorithm. `hash` counts for RSA keys only. */
  async sign(blob: Buffer, data: Buffer, hash: "sha256" | "sha512" | undefined): Promise<Buffer> {
    const flags = { sha256: RSA_SHA2_256, sha512: RSA_SHA2_512, none: 0 }[hash ?? "none"];
    const request = [Buffer.from([SIGN_REQUEST]), wireString(blob), wireString(data), wireUint32(flags)];
    const answer = await this.ask(Buffer.concat(request), SIGN_RESPONSE, SIGN_TIMEOUT_SECONDS);
    const signature = readWire(answer, reader => readWire(reader.string(), readBare));
    if (!signature) throw new Error("its signature is malformed");
    return signature;
  }

  private ask(request: Buffer, expected: number, timeoutSeconds: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.socket);
      const end = (settle: () => void) => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on("error", () => {});
        socket.destroy();
        settle();
      };
      const fail = (problem: string) => end(() => reject(new Error(problem)));
      const timer = setTimeout(() => fail(`it did not answer within ${timeoutSeconds} s`), timeoutSeconds * 1000);
      let got = Buffer.alloc(0);
      socket.on("data", chunk => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 4) return;
        const length = got.readUInt32BE();
        if (length < 1 || length > LARGEST_ANSWER_BYTES) return fail("its answer is malformed");
        if (got.length < 4 + length) return;
        const body = got.subarray(5, 4 + length);
        if (got[4] === expected) end(() => resolve(body));
        else fail("it refuses");
      });
      socket.on("error", error => fail(reasonOf(error)));
      socket.on("close", () => fail("it hung up"));
      socket.on("connect", () => socket.write(wireString(request)));
    });
  }
}

function readKeys(reader: WireReader): AgentKey[] {
  const keys: AgentKey[] = [];
  for (let left = reader.uint32(); left > 0; left--) keys.push({ blob: reader.string(), comment: reader.text() });
  return keys;
}

function readBare(reader: WireReader): Buffer {
  reader.string();
  return reader.string();
}

function reasonOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "it is not there";
  if (code === "ECONNREFUSED") return "nobody listens on its socket";
  if (code === "EACCES") return "its socket belongs to somebody else";
  return error.message;
}
