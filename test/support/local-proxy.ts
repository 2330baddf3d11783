import * as http from "node:http";
import * as net from "node:net";
import type { Duplex } from "node:stream";

/**
 * A small HTTP proxy that notes what passes: plain requests it answers itself, tunnels (CONNECT) it leads to one port of
 * this machine, whatever host is asked for.
 */
export class LocalProxy {
  /** `GET http://far.example/page`, `CONNECT far.example:443`, in their order. */
  readonly asked: string[] = [];
  private readonly open = new Set<Duplex>();
  private readonly server: http.Server;

  private constructor(tunnelPort: number) {
    this.server = http.createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      response.end("by the proxy\n");
    });
    this.server.on("connect", (request: http.IncomingMessage, client: Duplex) => {
      this.asked.push(`CONNECT ${request.url}`);
      const origin = net.connect(tunnelPort, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        origin.pipe(client).pipe(origin);
      });
      for (const end of [client, origin]) {
        this.open.add(end);
        end.on("error", () => client.destroy());
        end.on("close", () => this.open.delete(end));
      }
    });
  }

  static async listen(address: string, port: number, tunnelPort: number): Promise<LocalProxy> {
    const proxy = new LocalProxy(tunnelPort);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once("error", reject).listen(port, address, resolve);
    });
    return proxy;
  }

  async close(): Promise<void> {
    for (const end of this.open) end.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }
}
