import type { SilentPeer } from "../../facts/job-processes";

/** Sent again so often, data has been without an answer for three seconds: more than any queue on the way holds it back. */
const LEAST_RETRIES = 4;

/** Ways on which a host's job sends what nobody acknowledges: a broken link names itself, while every rank only waits. */
export function silentWays(
  host: string,
  peers: readonly SilentPeer[],
  nameOf: (address: string) => string | undefined,
): { job: string; peer: string; text: string }[] {
  return peers
    .filter(({ retries }) => retries >= LEAST_RETRIES)
    .map(({ job, address, connections, retries }) => {
      const name = nameOf(address);
      const peer = name === undefined ? address : `${name} (${address})`;
      const many = connections === 1 ? "1 connection" : `${connections} connections`;
      return {
        job,
        peer: name ?? address,
        text: `${job}: ${host} gets no answer from ${peer} on ${many}; sent again ${retries} times. Test the way: on ${host}: ping -c 3 ${address}`,
      };
    });
}
