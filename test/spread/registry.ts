import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Cleanup } from "../support/cleanup";
import { until } from "../support/command";
import type { OutsideView } from "./site";

export const PASSWORD = "p4ss word'\"$x";
const FOLDER = "/var/lib/registry-under-test";

/** A real registry (Debian's docker-registry, the reference implementation) on a simulated host: open on port 5000, with a login on 5001. */
export class Registry {
  private constructor(
    private readonly host: OutsideView,
    readonly open: string,
    readonly withLogin: string,
  ) {}

  static async start(host: OutsideView, address: string, cleanup: Cleanup): Promise<Registry> {
    const download = mkdtempSync(path.join(tmpdir(), "muster-registry-"));
    cleanup.add(() => rmSync(download, { recursive: true }));
    execFileSync("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", "docker-registry"], { cwd: download });
    const [deb = ""] = readdirSync(download);
    await host.ask(`mkdir -p ${FOLDER}`);
    await host.put(path.join(download, deb), `${FOLDER}/registry.deb`);
    cleanup.add(() => host.ask(`pkill -f ${FOLDER}/program; rm -rf ${FOLDER}`));
    const hash = execFileSync("perl", ["-e", 'print crypt($ARGV[0], "\\$2y\\$05\\$abcdefghijklmnopqrstuu")', PASSWORD]);
    const config = (port: number, auth: string) =>
      `version: 0.1\nstorage: {filesystem: {rootdirectory: ${FOLDER}/data}, delete: {enabled: true}}\nhttp: {addr: ":${port}"}\n${auth}`;
    await host.ask(`set -e; cd ${FOLDER}; dpkg -x registry.deb program
cat >users <<'END'
me:${hash}
END
cat >open.yml <<'END'
${config(5000, "")}
END
cat >login.yml <<'END'
${config(5001, `auth: {htpasswd: {realm: test, path: ${FOLDER}/users}}`)}
END
for c in open login; do setsid ${FOLDER}/program/usr/bin/docker-registry serve $c.yml >$c.log 2>&1 </dev/null & done`);
    for (const port of [5000, 5001])
      await until(`the registry answers on ${port}`, async () =>
        (await host.sh(`curl -s -o /dev/null http://${address}:${port}/v2/`)).code === 0 ? true : undefined,
      );
    return new Registry(host, `${address}:5000`, `${address}:5001`);
  }

  /** Pushes an image with some bytes of its own under a name. @returns its digest */
  async push(name: string, content: string): Promise<string> {
    const reference = `${this.open}/${name}`;
    await this.host.ask(`set -e; d=$(mktemp -d); echo ${content} >$d/content; head -c 300000 /dev/urandom >$d/noise
      tar -C $d -c . | docker import - ${reference} >/dev/null; docker push -q ${reference} >/dev/null`);
    const digest = await this.host.ask(`docker image inspect -f '{{index .RepoDigests 0}}' ${reference}`);
    await this.host.ask(`docker image rm -f ${reference} >/dev/null; rm -rf "$d"`);
    return digest.split("@")[1] ?? "";
  }

  /** Requests for manifests so far: each pull makes one at least. */
  async pulls(): Promise<number> {
    return Number(await this.host.ask(`cat ${FOLDER}/*.log | grep -c '"GET /v2/[^"]*/manifests/' || true`));
  }
}
