import { type Finished, run } from "../support/command";
import { dockerHost } from "./site";

/**
 * A simulated host, seen from outside: through the Docker daemon that runs it, never through muster's own connection, so
 * that looking at it leaves no trace in what is counted.
 */
export class SimulatedHost {
  /** `sandbox`: what the names of the hosts' containers begin with, as `name` in the sandbox's settings. */
  constructor(
    readonly name: string,
    private readonly sandbox = process.env.MUSTER_ACCEPTANCE_SANDBOX ?? "sim",
    /** Asked for when it is needed: before the first host is made nobody knows it. */
    private readonly engine: () => string = dockerHost,
  ) {}

  /** Runs a shell script on the host. */
  async sh(script: string, deadlineSeconds = 60): Promise<Finished> {
    return this.docker(["exec", "-i", `${this.sandbox}-${this.name}`, "sh", "-s"], script, deadlineSeconds);
  }

  /** Standard output of a script that must succeed. */
  async ask(script: string, deadlineSeconds = 60): Promise<string> {
    const done = await this.sh(script, deadlineSeconds);
    if (done.code !== 0) throw new Error(`${this.name}: ${script}\nexit ${done.code}\n${done.stdout}${done.stderr}`);
    return done.stdout.trim();
  }

  /** Standard output of a script in the node container, as a person would run it with docker exec. */
  async inContainer(script: string, deadlineSeconds = 60): Promise<string> {
    return this.ask(`docker exec -i ms bash -s <<'MUSTER_TEST'\n${script}\nMUSTER_TEST`, deadlineSeconds);
  }

  /** SSH connections that the host's own sshd has seen so far. */
  async handshakes(): Promise<number> {
    return Number(await this.ask("grep -c 'Connection from' /var/log/sshd.log || true"));
  }

  /**
   * What muster could have changed, as the host shows it: every managed file with its times, mode and digest (jobs write
   * their own files, so those are left out), and every container with its id and start.
   */
  async fingerprint(): Promise<string> {
    return this.ask(
      [
        "find /var/lib/muster /root /etc -xdev -type f -not -path '*/jobs/*' -printf '%p %T@ %C@ %s %m %U\\n' | sort",
        "docker ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.Image}}' | sort",
        "docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}' $(docker ps -aq) | sort",
        "docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort",
      ].join("; "),
    );
  }

  /** Container events of the host's engine since a time (Unix seconds) that mean a change. */
  async containerEvents(sinceUnixSeconds: number): Promise<string[]> {
    const filters = ["create", "start", "die", "stop", "kill", "destroy", "restart", "update", "rename", "pause"]
      .map(event => `--filter event=${event}`)
      .join(" ");
    const text = await this.ask(
      `docker events --since ${sinceUnixSeconds} --until $(date +%s) ${filters} --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}}'`,
    );
    return text.split("\n").filter(line => line !== "");
  }

  async now(): Promise<number> {
    return Number(await this.ask("date +%s"));
  }

  async restart(): Promise<void> {
    await this.power("restart");
  }

  /** As pulling the plug (kill), shutting down (stop), switching on (start). */
  async power(how: "restart" | "kill" | "stop" | "start"): Promise<void> {
    const done = await this.docker([how, `${this.sandbox}-${this.name}`], "", 120);
    if (done.code !== 0) throw new Error(done.stderr);
  }

  private docker(args: string[], input: string, deadlineSeconds: number): Promise<Finished> {
    return run("docker", ["-H", this.engine(), ...args], { input, deadlineSeconds });
  }
}
