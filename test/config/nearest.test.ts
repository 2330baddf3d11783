import fc from "fast-check";
import { editDistance, nearest } from "../../config/nearest";
import { unitAdvice } from "../../config/units";

test("a misspelling finds its word, and nonsense finds none", () => {
  const words = ["address", "port", "shmSizeGib", "learningRate", "waitMinutes"];
  expect(nearest("adress", words)).toBe("address");
  expect(nearest("learning_rate", words)).toBe("learningRate");
  expect(nearest("shmSize", words)).toBe("shmSizeGib");
  expect(nearest("xyzzy", words)).toBeUndefined();
});

test("editing distance is a distance", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === editDistance(b, a)));
  fc.assert(fc.property(word, a => editDistance(a, a) === 0));
  fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) >= Math.abs(a.length - b.length)));
});

test("a quantity with a suffix is told as the number to write", () => {
  expect(unitAdvice("GiB", "128g")).toBe(128);
  expect(unitAdvice("GiB", "512 MiB")).toBe(0.5);
  expect(unitAdvice("minutes", "2h")).toBe(120);
  expect(unitAdvice("seconds", "1m")).toBe(60);
  expect(unitAdvice("GiB", "much")).toBeUndefined();
});
