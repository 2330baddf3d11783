import { spawn } from "node:child_process";
import * as net from "node:net";
import { meshScript, parseMesh } from "../../facts/mesh";
import { connectScript, listenScript, parseListening, parseReach } from "../../facts/reach";
import { Cleanup } from "../support/cleanup";
import { run, until } from "../support/command";

const cleanup = new Cleanup();
afterEach(cleanup.run);

const sh = (script: string) => run("sh", ["-s"], { input: script, deadlineSeconds: 60 });

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

test("a listener stands in for what will listen, leaves alone what does already, and ends with its standard input", async () => {
  const server = net.createServer(socket => socket.end()).listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  cleanup.add(() => server.close());
  const taken = (server.address() as net.AddressInfo).port;
  const [wanted, closed] = [await freePort(), await freePort()];
  const listener = spawn("sh", ["-c", listenScript("127.0.0.1", [taken, wanted], 50)]);
  cleanup.add(() => listener.kill("SIGKILL"));
  let output = "";
  listener.stdout.on("data", chunk => {
    output += chunk;
  });
  const ended = new Promise(resolve => listener.once("close", resolve));
  const listening = await until("the listener is ready", async () => parseListening(output));
  const chosenPort = listening.chosenPort ?? 0;
  expect(chosenPort).toBeGreaterThan(1024);
  const target = (port: number) => ({ node: "b", address: "127.0.0.1", port });
  const tried = await sh(connectScript([taken, wanted, chosenPort, closed].map(target), 4));
  expect(parseReach(tried.stdout)).toEqual([{ node: "b", port: closed, reason: "Connection refused" }]);
  listener.stdin.end();
  expect(await ended).toBe(0);
  const after = await sh(connectScript([target(wanted)], 4));
  expect(parseReach(after.stdout)).toEqual([{ node: "b", port: wanted, reason: "Connection refused" }]);
});

test("hundreds of targets", async () => {
  const targets = Array.from({ length: 450 }, (_, index) => ({ node: `n${index}`, address: "127.0.0.1", port: 1 }));
  // The kernel refuses a broadcast at once, without a packet.
  const all = [...targets, { node: "nowhere", address: "255.255.255.255", port: 1 }];
  const failed = parseReach((await sh(connectScript(all, 4))).stdout);
  expect(failed.map(({ node }) => node).sort()).toEqual(all.map(({ node }) => node).sort());
});

test("a trial that broke off, or could not begin, is an error and no success", async () => {
  expect(() => parseReach("failed b 2333 Connection refused\n")).toThrow("Connection refused");
  expect(() => parseReach("problem python3 is not installed\n")).toThrow("python3 is not installed");
  expect(parseListening("problem python3 is not installed\n")).toEqual({ problem: "python3 is not installed" });
  expect(() => parseMesh("failed b no\n")).toThrow();
});

test("logins: each that fails is told with the last words of ssh", async () => {
  const ssh = `fake() { case $* in *good*) return 0 ;; *) echo "Warning: x" >&2; echo "Host key verification failed." >&2; return 255 ;; esac; }; timeout() { shift; "$@"; }; `;
  const script = meshScript("sh -c", "fake", ["good-1", "bad-1", "good-2"], 5).replace("try() {", `${ssh}try() {`);
  expect(parseMesh((await sh(script)).stdout)).toEqual([{ node: "bad-1", reason: "Host key verification failed." }]);
});
