import * as net from "node:net";
import { untilGreeted } from "../../sandbox/ready";

/** A server that says `text` to whoever connects; the port is free again at the end. */
async function withServer(text: string, use: (port: number) => Promise<void>): Promise<void> {
  const server = net.createServer(socket => {
    socket.on("error", () => undefined);
    socket.end(text);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as net.AddressInfo).port);
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
}

describe("untilGreeted", () => {
  it("returns when an SSH server greets", async () => {
    await withServer("SSH-2.0-OpenSSH_10.0\r\n", port => untilGreeted("127.0.0.1", port, 10));
  });

  it("says who did not greet and why", async () => {
    await withServer("HTTP/1.1 400\r\n", async port => {
      await expect(untilGreeted("127.0.0.1", port, 0.3)).rejects.toThrow(
        new RegExp(`127.0.0.1:${port} did not answer within 0.3 s \\(not an SSH server\\)`),
      );
    });
  });

  it("tells of a closed port", async () => {
    let free = 0;
    await withServer("", async port => {
      free = port;
    });
    await expect(untilGreeted("127.0.0.1", free, 0.3)).rejects.toThrow(/ECONNREFUSED/);
  });
});
