import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expandHome } from "../remote/home";
import { asList, type ResolvedAddress } from "../remote/host-table";
import { quote } from "../remote/shell";

/** A secret, and the texts that are in a prompt of ssh's which asks for it. */
interface Answer {
  readonly words: readonly string[];
  readonly secret: string;
}

/** What OpenSSH asks on the way to a host (sshconnect2.c): the passphrase of a key by its path, the password of a login. */
export function answersFor(target: ResolvedAddress): Answer[] {
  const { identityFile, passphrase, password, user, address, hostKeyAlias, bastion } = target;
  const opening = asList(identityFile).map(name => ["passphrase", `'${expandHome(name)}'`]);
  const login = [["assword", `${user}@${hostKeyAlias ?? address}`]];
  return [
    ...(passphrase === undefined ? [] : opening.map(words => ({ words, secret: passphrase }))),
    ...(password === undefined ? [] : login.map(words => ({ words, secret: password }))),
    ...(bastion ? answersFor(bastion) : []),
  ];
}

/**
 * Answers the questions of an ssh that is started with `environment`. The secrets stay in this process: ssh starts a script that asks
 * for them over a socket in a folder of the operator's own.
 */
export class Askpass {
  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  static async start(answers: readonly Answer[]): Promise<Askpass> {
    const folder = mkdtempSync(join(tmpdir(), "muster-askpass-"));
    const socket = join(folder, "socket");
    const server = createServer({ allowHalfOpen: true }, connection => {
      let prompt = "";
      connection.setEncoding("utf8");
      connection.on("data", chunk => {
        prompt += chunk;
      });
      connection.on("end", () => connection.end(answerTo(prompt, answers) ?? ""));
      connection.on("error", () => {});
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socket, resolve));
    const script = join(folder, "askpass");
    writeFileSync(script, askpassScript(socket), { mode: 0o700 });
    return new Askpass(folder, server, { SSH_ASKPASS: script, SSH_ASKPASS_REQUIRE: "force" });
  }

  stop(): void {
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function answerTo(prompt: string, answers: readonly Answer[]): string | undefined {
  return answers.find(({ words }) => words.every(word => prompt.includes(word)))?.secret;
}

/** Puts ssh's question to this process and prints the answer. Exit code 1: there is none. */
const CLIENT = `const [socket, prompt] = process.argv.slice(1);
const connection = require("node:net").connect(socket, () => connection.end(prompt));
let answer = "";
connection.on("data", chunk => { answer += chunk; });
connection.on("error", () => process.exit(1));
connection.on("close", () => answer === "" ? process.exit(1) : process.stdout.write(answer + "\\n"));`;

/** A question that nobody knows the answer to is put to the person at the terminal. */
function askpassScript(socket: string): string {
  return `#!/bin/sh
${[process.execPath, "-e", CLIENT, "--", socket].map(quote).join(" ")} "$1" && exit 0
printf '%s' "$1" >/dev/tty || exit 1
trap 'stty echo </dev/tty' EXIT
stty -echo </dev/tty
IFS= read -r answer </dev/tty || exit 1
printf '\\n' >/dev/tty
printf '%s\\n' "$answer"
`;
}
