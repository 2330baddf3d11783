import * as net from "node:net";

/**
 * Waits until an SSH server greets on the address. A simulated host starts sshd last, so one that greets is ready.
 *
 * @param deadlineSeconds bound of the wait, over all tries
 * @throws when the bound is passed; names the address and where the host's log is
 */
export async function untilGreeted(address: string, port: number, deadlineSeconds: number): Promise<void> {
  const end = Date.now() + deadlineSeconds * 1000;
  let last = "no try was made";
  while (Date.now() < end) {
    const outcome = await greeting(address, port);
    if (outcome === undefined) return;
    last = outcome;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(
    `the simulated host at ${address}:${port} did not answer within ${deadlineSeconds} s (${last}).\n` +
      "  remedy: docker logs of its container; where Docker runs in a virtual machine, its networks cannot be reached",
  );
}

/** One try: undefined when a greeting came, else what went wrong. */
function greeting(address: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = net.connect({ host: address, port });
    const done = (outcome: string | undefined) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(2000, () => done("no answer"));
    socket.once("error", error => done(error.message));
    socket.once("end", () => done("closed before a greeting"));
    socket.once("data", data => done(data.toString("latin1").startsWith("SSH-") ? undefined : "not an SSH server"));
  });
}
