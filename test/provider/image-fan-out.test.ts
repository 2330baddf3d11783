import { FanOut, type Ways } from "../../provider/muster/kinds/image/fan-out";

/** A *simulated* fleet: each copy takes one round; who copied from whom is noted. */
class Fleet {
  readonly copies: string[] = [];
  private rounds: (() => void)[] = [];

  ways(target: string, changes: Partial<Ways> = {}): Ways {
    return {
      from: async source => {
        this.copies.push(`${source}>${target}`);
        await this.round();
        return true;
      },
      origin: async () => {
        this.copies.push(`origin>${target}`);
        await this.round();
      },
      ...changes,
    };
  }

  round(): Promise<void> {
    return new Promise(resolve => this.rounds.push(resolve));
  }

  /** Ends all copies that are under way, until none is. @returns how many rounds that took */
  async run(): Promise<number> {
    for (let count = 0; ; count++) {
      await settle();
      const ending = this.rounds.splice(0);
      if (ending.length === 0) return count;
      for (const end of ending) end();
    }
  }
}

const settle = () => new Promise(resolve => setImmediate(resolve));
const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index + 1}`);

function searched(fanOut: FanOut): FanOut {
  fanOut.searched();
  return fanOut;
}

describe("a fan-out", () => {
  test.each([
    [2, 2],
    [8, 4],
    [16, 5],
    [17, 6],
  ])("to %i hosts takes %i rounds: one for the origin, then log2", async (count, rounds) => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const all = Promise.all(names(count).map(name => fanOut.take(name, fleet.ways(name))));
    expect(await fleet.run()).toBe(rounds);
    await all;
    expect(fleet.copies.filter(copy => copy.startsWith("origin"))).toEqual(["origin>n1"]);
    const sent = names(count).map(name => fleet.copies.filter(copy => copy.startsWith(`${name}>`)).length);
    expect(Math.max(...sent)).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
  });

  test("with few steps at a time never waits for a host whose step has not begun", async () => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const queue = names(9);
    const worker = async () => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift())
        await fanOut.take(name, fleet.ways(name));
    };
    const all = Promise.all([worker(), worker()]);
    await fleet.run();
    await all;
    expect(fleet.copies).toHaveLength(9);
  });

  test("asks nobody for what a host has already, and nobody goes to the origin while the search goes on", async () => {
    const fleet = new Fleet();
    const fanOut = new FanOut();
    const taking = fanOut.take("n1", fleet.ways("n1"));
    await settle();
    expect(fleet.copies).toEqual([]);
    fanOut.found("n7");
    await fleet.run();
    await taking;
    expect(fleet.copies).toEqual(["n7>n1"]);
  });

  test("a host that dies while it gets it costs only itself", async () => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const dying = { from: async () => Promise.reject(new Error("n2 is dead")) };
    const ends = await Promise.allSettled([
      fanOut.take("n1", fleet.ways("n1")),
      fanOut.take("n2", fleet.ways("n2", dying)),
      fanOut.take("n3", fleet.ways("n3")),
      fleet.run(),
    ]);
    expect(ends.map(end => end.status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(fleet.copies).toEqual(["origin>n1", "n1>n3"]);
  });

  test("a source that fails is not asked again by the same host, and after two by nobody", async () => {
    const fleet = new Fleet();
    const fanOut = new FanOut();
    for (const source of ["bad", "good"]) fanOut.found(source);
    fanOut.searched();
    const asked: string[] = [];
    const ways = (target: string) =>
      fleet.ways(target, {
        from: async source => {
          asked.push(`${source}>${target}`);
          await fleet.round();
          return source !== "bad";
        },
      });
    const all = Promise.all(names(4).map(name => fanOut.take(name, ways(name))));
    await fleet.run();
    await all;
    expect(asked.filter(copy => copy.startsWith("bad>"))).toHaveLength(2);
    expect(new Set(asked).size).toBe(asked.length);
  });

  test("an origin that fails on one host is tried on the next, and the first takes it from there", async () => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const offline = { origin: async () => Promise.reject(new Error("no way to the registry")) };
    const all = Promise.all([
      fanOut.take("n1", fleet.ways("n1", offline)),
      fanOut.take("n2", fleet.ways("n2", offline)),
      fanOut.take("n3", fleet.ways("n3")),
    ]);
    await fleet.run();
    await all;
    expect(fleet.copies.sort()).toEqual(["n3>n1", "n1>n2", "origin>n3"].sort());
  });

  test("an origin that fails everywhere is tried three times, and each host says why", async () => {
    let tries = 0;
    const fanOut = searched(new FanOut());
    const ways = (): Ways => ({
      from: async () => true,
      origin: async () => {
        tries++;
        throw new Error(`reason ${tries}`);
      },
    });
    const ends = await Promise.allSettled(names(6).map(name => fanOut.take(name, ways())));
    expect(tries).toBe(3);
    const said = ends.map(end => (end.status === "rejected" ? String(end.reason.message) : "well"));
    expect(said.slice(0, 3)).toEqual(["reason 1", "reason 2", "reason 3"]);
    expect(said.slice(3)).toEqual(
      Array(3).fill("no other host has it, and it could not be had on n1, n2, n3: reason 1"),
    );
  });

  test("hosts that are dead say nothing of the origin: the first that lives gets it there", async () => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const dead: Partial<Ways> = { origin: async () => Promise.reject(new Error("dead")), isOwnFailure: () => true };
    const all = Promise.allSettled([
      ...names(5).map(name => fanOut.take(name, fleet.ways(name, dead))),
      fanOut.take("n6", fleet.ways("n6")),
    ]);
    await fleet.run();
    const ends = (await all).map(end => (end.status === "rejected" ? String(end.reason.message) : "well"));
    expect(ends).toEqual([...Array(5).fill("dead"), "well"]);
    expect(fleet.copies).toEqual(["origin>n6"]);
  });

  test("a host that gives up waiting leaves its place", async () => {
    const fleet = new Fleet();
    const fanOut = searched(new FanOut());
    const first = fanOut.take("n1", fleet.ways("n1"));
    const giving = new AbortController();
    const second = fanOut.take("n2", fleet.ways("n2"), giving.signal).catch(error => error);
    await settle();
    expect(fanOut.queue).toBe(1);
    giving.abort(new Error("cancelled"));
    expect((await second).message).toBe("cancelled");
    await fleet.run();
    await first;
    expect(fleet.copies).toEqual(["origin>n1"]);
  });
});
