import { type Command, output } from "./command";
import { countSshd, type SshdCounts } from "./sshd-log";

/** Each look from outside starts processes in a host; on few cores more at a time would only wait for each other. */
const LOOKS_AT_ONCE = 4;

/** What a host had counted when it was looked at. */
export interface Meter {
  readonly logBytes: number;
  /** Processor time of the host so far; undefined where the kernel does not tell. */
  readonly cpuSeconds?: number;
}

/**
 * The simulated hosts seen from outside: through the Docker daemon that runs them, so that looking and resetting leave no trace
 * in what is counted at their ssh servers.
 */
export class SimulatedHosts {
  constructor(
    private readonly dockerHost: string,
    /** What the names of their containers begin with. */
    private readonly prefix: string,
  ) {}

  /** Standard output of a shell script on a host; `input` is the script's standard input. @throws Error */
  async bytes(name: string, script: string, input: string | Buffer = ""): Promise<Buffer> {
    return output(this.docker(["exec", "-i", `${this.prefix}-${name}`, "sh", "-c", script], input));
  }

  async ask(name: string, script: string, input: string | Buffer = ""): Promise<string> {
    return (await this.bytes(name, script, input)).toString();
  }

  /** Starts a program on a host and leaves it running. */
  async leave(name: string, args: readonly string[]): Promise<void> {
    await output(this.docker(["exec", "-d", `${this.prefix}-${name}`, ...args]));
  }

  /** One answer a host, in their order. */
  async each<T>(names: readonly string[], look: (name: string) => Promise<T>): Promise<T[]> {
    const answers: T[] = [];
    const waiting = names.entries();
    const worker = async (): Promise<void> => {
      for (const [index, name] of waiting) answers[index] = await look(name);
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, worker));
    return answers;
  }

  async meter(name: string): Promise<Meter> {
    const cpu =
      "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || awk '/^usage_usec/ {print $2 \"000\"}' /sys/fs/cgroup/cpu.stat";
    const [bytes = "", nanoseconds = ""] = (await this.ask(name, `wc -c </var/log/sshd.log; ${cpu}`)).split("\n");
    const cpuSeconds = nanoseconds === "" ? undefined : Number(nanoseconds) / 1e9;
    return { logBytes: Number(bytes), ...(cpuSeconds !== undefined && { cpuSeconds }) };
  }

  /** What the host's ssh server has logged since. */
  async countedSince(name: string, { logBytes }: Meter): Promise<SshdCounts> {
    return countSshd(await this.ask(name, `tail -c +${logBytes + 1} /var/log/sshd.log`));
  }

  private docker(args: readonly string[], input: string | Buffer = ""): Command {
    return { program: "docker", args: ["-H", this.dockerHost, ...args], input };
  }
}
