import { Gathering } from "../../provider/gathering";

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Joins at each of the moments (ms), and says when whoever waited from the first on went. */
async function wentAt(moments: readonly number[]): Promise<number | undefined> {
  const gathering = new Gathering(10, 50);
  const began = performance.now();
  let went: number | undefined;
  const wait = async (): Promise<void> => {
    await gathering.over();
    went = performance.now() - began;
  };
  for (let now = 0; now <= 100; now++) {
    if (moments.includes(now)) gathering.join();
    if (now === moments[0]) void wait();
    await jest.advanceTimersByTimeAsync(1);
  }
  return went;
}

test("it is over when nobody has joined for a while", async () => {
  expect(await wentAt([0])).toBe(10);
  expect(await wentAt([0, 8, 16])).toBe(26);
});

test("nobody waits longer than the most", async () => {
  const always = Array.from({ length: 20 }, (_, index) => 5 * index);
  expect(await wentAt(always)).toBe(50);
});
