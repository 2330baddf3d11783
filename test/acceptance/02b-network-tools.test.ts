import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { LocalProxy } from "../support/local-proxy";
import { SimulatedHost } from "./simulated-host";

const node1 = new SimulatedHost("node-1");

/** As a person works in the container: a login shell, `docker exec -it ms bash -l`. */
function inShell(script: string): Promise<string> {
  return node1.inContainer(`bash -l <<'MUSTER_SHELL' 2>&1\n${script}\nMUSTER_SHELL`);
}

describe("the proxy of the notes", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-tls-"));
  let origin: https.Server;
  let proxy: LocalProxy;

  beforeAll(async () => {
    // The page of proxytest, as a server of this machine that the shell is told to trust.
    const names = ["-subj", "/CN=www.google.com", "-addext", "subjectAltName=DNS:www.google.com"];
    const [key, cert] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
    const made = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      cert,
      ...names,
    ];
    execFileSync("openssl", made, { stdio: "ignore" });
    const [keyText, certText] = [fs.readFileSync(key), fs.readFileSync(cert, "utf8")];
    await node1.inContainer(`cat >/tmp/muster-test-ca.pem <<'PEM'\n${certText}PEM`);
    origin = https.createServer({ key: keyText, cert: certText }, (_request, response) => response.end("the page\n"));
    await new Promise<void>(resolve => origin.listen(0, "127.0.0.1", resolve));
    const url = new URL(await inShell("proxyon >/dev/null; echo $http_proxy"));
    proxy = await LocalProxy.listen(url.hostname, Number(url.port), (origin.address() as AddressInfo).port);
  });
  afterAll(async () => {
    await node1.inContainer("rm -f /tmp/muster-test-ca.pem");
    await proxy.close();
    await new Promise(resolve => origin.close(resolve));
    fs.rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    proxy.asked.length = 0;
  });
  const trust = "export CURL_CA_BUNDLE=/tmp/muster-test-ca.pem";

  test("after proxyon http, https and Python's own client go through it", async () => {
    const said = await inShell(
      [
        trust,
        "proxyon",
        "curl -sS http://far.example/page",
        "curl -sS https://www.google.com/search",
        "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://far.example/simple\").read().decode().strip())'",
      ].join("\n"),
    );
    expect(said.split("\n")).toEqual(["proxy on", "by the proxy", "the page", "by the proxy"]);
    expect(proxy.asked).toEqual([
      "GET http://far.example/page",
      "CONNECT www.google.com:443",
      "GET http://far.example/simple",
    ]);
  });

  test("the nodes are never asked through it", async () => {
    const said = await inShell("proxyon >/dev/null; curl -sS --max-time 2 telnet://node-2:2333 </dev/null | head -c 7");
    expect(said).toContain("SSH-2.0");
    await inShell(
      "proxyon >/dev/null; curl -s --max-time 5 http://node-2:1/ http://localhost:1/ http://127.0.0.1:1/; true",
    );
    expect(proxy.asked).toEqual([]);
  });

  test("after unproxy nothing goes through it, and no variable is left", async () => {
    const said = await inShell(
      "proxyon >/dev/null; unproxy; env | grep -ci _proxy; curl -sS --max-time 2 http://far.example/ || true",
    );
    expect(said).toMatch(/^proxy off\n0\n.*(Could not resolve host|Resolving timed out)/s);
    expect(proxy.asked).toEqual([]);
  });

  test("proxytest tells whether it works, whether it is on or not", async () => {
    expect(await inShell(`${trust}\nproxytest; echo $?`)).toBe("proxy works: 200 from https://www.google.com\n0");
    expect(proxy.asked).toEqual(["CONNECT www.google.com:443"]);
    // A certificate that nobody trusts: the notes' own test would call that a success.
    expect(await inShell("proxytest; echo $?")).toMatch(/proxy does not work: status 000[\s\S]*\n1$/);
  });
});

test("a proxy that is not there is told by proxytest", async () => {
  expect(await inShell("proxytest; echo $?")).toMatch(/proxy does not work[\s\S]*\n1$/);
});

describe("pdsh and DeepSpeed's launcher", () => {
  test("pdsh over a range of nodes, as a person types it", async () => {
    const lines = (await inShell("pdsh -R ssh -w node-[1-2] hostname")).split("\n").sort();
    expect(lines).toEqual(["node-1: node-1", "node-2: node-2"]);
  });

  test("the status of the worst node comes back with -S", async () => {
    const command = "[ $(hostname) = node-1 ] || exit 3";
    expect(await inShell(`pdsh -R ssh -S -w node-[1-2] '${command}' >/dev/null 2>&1; echo $?`)).toBe("3");
  });

  test("DeepSpeed's way: ssh by its variable, the working directory, the variables that it exports", async () => {
    // deepspeed/launcher/multinode_runner.py, PDSHRunner.get_cmd
    const script = "export NCCL_DEBUG=INFO; cd /mnt/workspace; echo $(hostname) $NCCL_DEBUG $(pwd) $NCCL_SOCKET_IFNAME";
    const said = await inShell(`PDSH_RCMD_TYPE=ssh pdsh -S -f 1024 -w node-1,node-2 '${script}'`);
    expect(said.split("\n").sort()).toEqual([
      "node-1: node-1 INFO /mnt/workspace =eth0",
      "node-2: node-2 INFO /mnt/workspace =eth0",
    ]);
  });

  test("the hostfile reads as DeepSpeed reads it, and each host has the GPUs that it promises", async () => {
    const text = await inShell("cat hostfile");
    // deepspeed/launcher/runner.py, _parse_hostfile: the pattern, and no host twice.
    const rows = text
      .split("\n")
      .filter(line => line.trim() !== "" && !line.startsWith("#"))
      .map(line => /^(\S+)\s+slots=(\d+)/.exec(line));
    expect(rows.map(row => row?.[1])).toEqual(["node-1", "node-2"]);
    for (const row of rows) {
      const gpus = await inShell(`ssh -o BatchMode=yes ${row?.[1]} nvidia-smi -L </dev/null | grep -c ^GPU`);
      expect(Number(gpus)).toBe(Number(row?.[2]));
    }
  });

  test("what DeepSpeed does not carry by itself stands in .deepspeed_env", async () => {
    // The same file: a line is split at its first equals sign, so the value of an exact interface keeps its own.
    const lines = (await inShell("cat .deepspeed_env")).split("\n");
    const values = Object.fromEntries(lines.map(line => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
    expect(values).toMatchObject({ GLOO_SOCKET_IFNAME: "eth0", NCCL_SOCKET_IFNAME: "=eth0" });
  });
});
