import { connect, type Socket } from "node:net";
import { endpoint, type ResolvedAddress } from "./host-table";
import { RemoteError } from "./remote-error";
import { ConnectionRefusedEarly } from "./ssh-connection";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ENOTFOUND: "the name does not resolve",
  EAI_AGAIN: "the name server does not answer",
  ETIMEDOUT: "no answer",
};

/** A TCP connection to the host. @throws RemoteError; ConnectionRefusedEarly when another try may do better. */
export function reach(target: ResolvedAddress, timeoutSeconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.address, port: target.port, noDelay: true });
    const where = { host: target.label, address: endpoint(target) };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new RemoteError({
          ...where,
          kind: "timeout",
          problem: `no TCP connection within ${timeoutSeconds.toFixed(0)} s`,
          remedy: "check that the host is up and that no firewall drops the port, or raise connectTimeoutSeconds",
        }),
      );
    }, timeoutSeconds * 1000);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      // Until ssh2 listens: an early reset must not end the process.
      socket.on("error", () => {});
      resolve(socket);
    });
    socket.once("error", error => {
      clearTimeout(timer);
      reject(reachError(error, where));
    });
  });
}

function reachError(error: Error, where: { readonly host: string; readonly address: string }): Error {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "ECONNRESET") return new ConnectionRefusedEarly(error.message);
  return new RemoteError({
    ...where,
    kind: "unreachable",
    problem: REASONS[code] ?? (error.message || code || "the TCP connection failed"),
    remedy: "check address and port in the cluster file, and that the host and its ssh server are up",
  });
}
