import { type ChildProcess, spawn } from "node:child_process";
import * as net from "node:net";
import path from "node:path";
import { until } from "../../support/command";
import { leashed } from "../../support/leash";

const relayProgram = path.resolve(__dirname, "../../../scripts/bench-hosts/relay.py");
const DELAY_MS = 40;

let target: net.Server;
let relay: ChildProcess;
let port: number;

/** Echoes, and says goodbye at the end of what it is sent. */
beforeAll(async () => {
  target = net.createServer({ allowHalfOpen: true }, socket => {
    socket.on("error", () => {});
    socket.on("data", data => socket.write(data));
    socket.on("end", () => socket.end("bye"));
  });
  await new Promise<void>(resolve => target.listen(0, "127.0.0.1", resolve));
  port = await freePort();
  const targetPort = (target.address() as net.AddressInfo).port;
  relay = spawn(...leashed("python3", relayProgram, String(port), String(targetPort), String(DELAY_MS)), {
    stdio: "inherit",
  });
  (await connected()).destroy();
});
afterAll(async () => {
  const gone = new Promise(resolve => relay.once("exit", resolve));
  relay.kill("SIGTERM");
  await gone;
  target.close();
});

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const found = (server.address() as net.AddressInfo).port;
  await new Promise(resolve => server.close(resolve));
  return found;
}

/** A connection through the relay at the port, once it listens. */
function connected(at = port): Promise<net.Socket> {
  return until("the relay listens", async () => {
    const socket = net.connect({ host: "127.0.0.1", port: at, allowHalfOpen: true });
    return new Promise<net.Socket | undefined>(resolve => {
      socket.once("connect", () => resolve(socket));
      socket.once("error", () => resolve(undefined));
    });
  });
}

function received(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", chunk => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    socket.once("end", () => resolve(Buffer.concat(chunks)));
    socket.once("error", reject);
  });
}

test("passes everything on in order, both ends of a connection each on its own", async () => {
  const socket = await connected();
  const all = received(socket);
  const sent = Buffer.alloc(3_000_000, "0123456789abcdef");
  socket.end(sent);
  expect((await all).equals(Buffer.concat([sent, Buffer.from("bye")]))).toBe(true);
  socket.destroy();
});

test("no answer comes before the delay of both directions", async () => {
  const socket = await connected();
  const answered = new Promise(resolve => socket.once("data", resolve));
  const began = performance.now();
  socket.write("x");
  await answered;
  // A lower bound is what the relay is for, however slow the machine.
  expect(performance.now() - began).toBeGreaterThanOrEqual(2 * DELAY_MS - 1);
  socket.destroy();
});

test("where the target refuses, the connection ends", async () => {
  const other = await freePort();
  const alone = spawn(...leashed("python3", relayProgram, String(other), "1", "0"), { stdio: "inherit" });
  try {
    const socket = await connected(other);
    expect(await received(socket)).toEqual(Buffer.alloc(0));
    socket.destroy();
  } finally {
    alone.kill("SIGTERM");
  }
});
