import type { Services } from "../../provider/provider-package";
import { FakeHosts } from "../../remote/fake";
import { Redactor } from "../../remote/redact";

export interface FakeImage {
  readonly id: string;
  readonly digests?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly sizeBytes?: number;
}

/** `sha256:` and 64 times one digit, for tests. */
export function idOf(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}

/**
 * *Simulated* docker on simulated hosts: images by name, as far as the image kind asks and names them. What brings an image (a pull, a
 * load) is a rule that the test adds to `hosts`.
 */
export class FakeDocker {
  readonly hosts = new FakeHosts();
  readonly services: Services;
  private readonly images = new Map<string, Map<string, FakeImage>>();

  constructor() {
    this.hosts
      .query(/docker image inspect -f/, ({ host, script }) => this.answer(host, script))
      .query("*.part-*", "")
      .mutate(/^name the image/, ({ host, script }) => {
        const [, from = "", to = ""] = /docker tag (\S+) (\S+)/.exec(script) ?? [];
        const image = this.find(host, from);
        if (!image) return { exitCode: 1, stderr: `No such image: ${from}` };
        this.put(host, to, image);
        return "";
      });
    this.services = {
      redactor: new Redactor(),
      transport: {
        hosts: () => this.hosts,
        local: () => {
          throw new Error("nothing runs on the operator's machine here");
        },
        close: async () => {},
      },
    };
  }

  /** The host has the image under a name. */
  put(host: string, name: string, image: FakeImage): void {
    const there = this.images.get(host) ?? new Map<string, FakeImage>();
    this.images.set(host, there.set(name, image));
  }

  drop(host: string, name: string): void {
    this.images.get(host)?.delete(name);
  }

  /** By name, id or digest. */
  find(host: string, name: string): FakeImage | undefined {
    const there = this.images.get(host) ?? new Map<string, FakeImage>();
    return there.get(name) ?? [...there.values()].find(image => image.id === name || image.digests?.includes(name));
  }

  private answer(host: string, script: string): string {
    const name = /docker image inspect -f '[^']*' (\S+) 2>&1/.exec(script)?.[1] ?? "";
    const image = this.find(host, name.replaceAll("'", ""));
    if (!image) return "absent\n";
    const digests = image.digests ? JSON.stringify(image.digests) : "null";
    return `has ${image.id} ${image.sizeBytes ?? 5} ${digests} ${JSON.stringify(image.labels ?? null)}\n`;
  }
}
