import { orAborted } from "../../../../remote/pause";
import { PeerServer } from "../../../../remote/peer-server";
import { quote } from "../../../../remote/shell";
import type { KindContext } from "../../../kind";
import { isUnreachable } from "../../../operation";
import { generateOpensshKeyPair } from "../openssh-key";
import { digestOf, type ImageFacts, look } from "./facts";
import { FanOut } from "./fan-out";
import { change, LONG_SECONDS } from "./host-change";
import type { ImageInputs } from "./inputs";
import { type Offer, prepareOffer } from "./offer";
import { localName } from "./reference";
import { requireSpace } from "./space";
import { transfer } from "./transfer";
import { fits, type Wish } from "./wish";

/** Layers of derived images are small: several at a time cost less than the rounds of a tree. */
const SMALL_SERVED_AT_ONCE = 4;

const TIDY_SECONDS = 60;

/** What all hosts get. */
export interface SharedImage {
  readonly imageId: string;
  readonly sizeBytes: number;
  /** Digest in the registry; empty if nobody pulled it. */
  readonly digest: string;
}

type Context = Pick<KindContext, "hosts" | "cluster">;

/** One image on its way to the hosts of a cluster, in this process. */
export class ImageSpread {
  private readonly fanOut: FanOut;
  private shared: SharedImage | undefined;
  private readonly offers = new Map<string, Promise<Offer>>();
  private readonly servers = new Map<string, Promise<PeerServer>>();
  /** Hosts that have an archive of the whole image now. */
  private readonly archives = new Map<string, string>();
  private readonly ender = new AbortController();
  private readonly searching: Promise<void>;
  private failed = false;

  constructor(
    private readonly context: Context,
    private readonly inputs: ImageInputs,
    private readonly wish: Wish,
  ) {
    const isDerived = "derive" in inputs.source;
    this.fanOut = new FanOut({
      ...(isDerived && { servedAtOnce: SMALL_SERVED_AT_ONCE }),
      // Which host reaches the registry is found out by trying.
      ...("pull" in inputs.source && { originTries: Number.POSITIVE_INFINITY }),
    });
    this.searching = this.search();
  }

  /** What a host of the cluster has, or the first one got. Waits until all were asked. */
  async image(): Promise<SharedImage | undefined> {
    await this.searching;
    return this.shared;
  }

  /** The first to say what the image is decides it for all. */
  agree(facts: ImageFacts, digest: string): SharedImage {
    this.shared ??= { imageId: facts.imageId, sizeBytes: facts.sizeBytes, digest };
    return this.shared;
  }

  /**
   * Brings the image to the host of this context: from another host, or by `origin`, which may say which archive it leaves behind.
   * @throws OperatorError, RemoteError
   */
  async take(context: KindContext, host: string, origin: () => Promise<Offer | undefined>): Promise<SharedImage> {
    context.status("waiting for a host that can give it");
    const ways = {
      from: (source: string) => this.receive(context, source, host),
      origin: async () => {
        const offer = await origin();
        const facts = await look(context.hosts, host, localName(this.inputs.reference));
        if (!facts) throw new Error(`${host}: ${this.inputs.reference} is not there although it was brought`);
        this.agree(facts, digestOf(facts, this.inputs.reference));
        if (offer) this.has(host, offer);
      },
      isOwnFailure: isUnreachable,
    };
    try {
      await this.fanOut.take(host, ways, context.signal);
    } catch (error) {
      this.failed = true;
      throw error;
    }
    if (!this.shared) throw new Error(`${host}: nobody knows which image ${this.inputs.reference} is`);
    return this.shared;
  }

  /** Ends the servers and removes the archives of whole images; where a host failed one stays, so that its next try sends the rest. */
  async close(): Promise<void> {
    const servers = await Promise.allSettled(this.servers.values());
    await Promise.all(servers.map(each => each.status === "fulfilled" && each.value.stop()));
    this.ender.abort();
    const [kept] = this.failed ? this.archives.keys() : [];
    const removing = [...this.archives].filter(([host]) => host !== kept);
    // Also when all was cancelled: it must not stay.
    const { signal } = new AbortController();
    await Promise.allSettled(
      removing.map(([host, path]) =>
        change(
          { ...this.context, signal },
          host,
          `remove the archive of ${this.inputs.reference}`,
          `rm -f -- ${quote(path)}`,
          { timeoutSeconds: TIDY_SECONDS },
        ),
      ),
    );
  }

  private async search(): Promise<void> {
    const name = localName(this.inputs.reference);
    const found = await Promise.all(
      this.inputs.peers.map(async ({ host }) => {
        // Who does not answer gives nothing; its own resource says why.
        const facts = await look(this.context.hosts, host, name).catch(() => undefined);
        return facts && fits(this.wish, facts, this.inputs.reference) ? [{ host, facts }] : [];
      }),
    );
    const all = found.flat();
    const chosen = mostCommon(all.map(each => each.facts.imageId));
    for (const { host, facts } of all) {
      if (facts.imageId !== chosen) continue;
      this.agree(facts, digestOf(facts, this.inputs.reference));
      this.fanOut.found(host);
    }
    this.fanOut.searched();
  }

  private has(host: string, offer: Offer): void {
    this.offers.set(host, Promise.resolve(offer));
    if (offer.isWhole) this.archives.set(host, offer.path);
  }

  /** @returns false when the source cannot give it @throws when the target fails */
  private async receive(context: KindContext, source: string, target: string): Promise<boolean> {
    const { shared } = this;
    if (!shared) return false;
    let offer: Offer;
    try {
      // What makes it ready for all goes on when this host gives up.
      offer = await orAborted(this.offerOf(source, shared), context.signal);
    } catch (error) {
      context.signal.throwIfAborted();
      context.status(`${source} cannot give it: ${error instanceof Error ? error.message : error}`);
      return false;
    }
    await requireSpace(context.hosts.probe(target), offer, offer.isWhole ? shared.sizeBytes : offer.sizeBytes);
    const server = (lives: boolean) => orAborted(this.serverOf(source, offer, lives), context.signal);
    const why = await transfer(context, { source, target, file: offer, server });
    if (why !== undefined) {
      context.status(`${source} cannot give it: ${why}`);
      return false;
    }
    this.has(target, offer);
    context.status("loading");
    const load = loadScript(offer.path, [shared.imageId, ...(this.wish.ids ?? [])], this.inputs.reference);
    await change(context, target, `load image ${this.inputs.reference}`, load);
    return true;
  }

  private offerOf(source: string, { imageId }: SharedImage): Promise<Offer> {
    const known = this.offers.get(source);
    if (known) return known;
    const context = { ...this.context, signal: this.ender.signal };
    const making = prepareOffer(context, source, { imageId, reference: localName(this.inputs.reference) });
    this.offers.set(source, making);
    making.then(
      offer => this.has(source, offer),
      () => this.offers.delete(source),
    );
    return making;
  }

  /** One for each source and its archive, started at first use and anew when it has ended. @throws Error */
  private async serverOf(source: string, offer: Offer, lives: boolean): Promise<PeerServer> {
    const known = this.servers.get(source);
    if (known && (lives || (await (await known).isAlive()))) return known;
    if (known && this.servers.get(source) === known) this.servers.delete(source);
    const address = this.inputs.peers.find(peer => peer.host === source)?.address;
    if (address === undefined) throw new Error(`nobody said at which address ${source} is reached by the others`);
    const starting =
      this.servers.get(source) ??
      PeerServer.start(this.context.hosts.runner(source), {
        file: offer.path,
        address,
        hostKey: generateOpensshKeyPair("muster"),
        clientKey: generateOpensshKeyPair("muster"),
        limitSeconds: LONG_SECONDS,
      });
    this.servers.set(source, starting);
    return starting;
  }
}

/**
 * Loads an archive and gives the image its name. Another kind of image store gives it another id: then none of these is there, and whoever
 * asks afterwards sees it.
 */
export function loadScript(archive: string, ids: readonly string[], reference: string): string {
  return `docker load -q -i ${quote(archive)} >/dev/null || exit 1
for id in ${ids.map(quote).join(" ")}; do
  if docker image inspect "$id" >/dev/null 2>&1; then docker tag "$id" ${quote(localName(reference))}; exit; fi
done
`;
}

function mostCommon(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
