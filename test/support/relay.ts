import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A TCP relay on a free loopback port, whose connections a test can cut. */
export class Relay {
  private readonly sockets = new Set<Socket>();
  /** Connections so far. */
  connections = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** To a port of this machine. */
  static async to(port: number): Promise<Relay> {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const relay = new Relay(server, (server.address() as AddressInfo).port);
    server.on("connection", near => relay.carry(near, connect(port, "127.0.0.1")));
    return relay;
  }

  /** Resets what is open now; new connections are taken. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise(resolve => this.server.close(resolve));
  }

  private carry(near: Socket, far: Socket): void {
    this.connections++;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
