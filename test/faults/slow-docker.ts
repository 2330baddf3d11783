import type { SimulatedHost } from "../acceptance/simulated-host";
import { until } from "../support/command";

/** A host on which making a container takes a minute: long enough to harm what waits for it. */
export class SlowDocker {
  constructor(private readonly host: SimulatedHost) {}

  async begin(): Promise<void> {
    // What an earlier one has let go may have marked its end after it was lifted.
    await this.host.ask(`rm -f /run/slow-docker /run/slow-docker-slept
    cat >/usr/local/bin/docker <<'SLOW'
#!/bin/sh
if [ "$1" = create ]; then echo $$ >/run/slow-docker; sleep 60; : >/run/slow-docker-slept; fi
exec /usr/bin/docker "$@"
SLOW
    chmod +x /usr/local/bin/docker`);
  }

  /** It was asked for. */
  reached(): Promise<true> {
    return until("docker create was asked for", async () =>
      (await this.host.sh("[ -s /run/slow-docker ]")).code === 0 ? true : undefined,
    );
  }

  /** What asked for it was ended before its time: it did not end by itself. */
  async ended(): Promise<void> {
    await until("what was at work is gone", async () =>
      (await this.host.sh('kill -0 "$(cat /run/slow-docker)" 2>/dev/null')).code === 0 ? undefined : true,
    );
    expect((await this.host.sh("[ -e /run/slow-docker-slept ]")).code).toBe(1);
  }

  /** From now on it takes no time; what waits goes on. */
  async lift(): Promise<void> {
    await this.host.ask(
      "rm -f /usr/local/bin/docker /run/slow-docker /run/slow-docker-slept; pkill -fx 'sleep 60'; true",
    );
  }
}
