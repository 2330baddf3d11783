import fc from "fast-check";
import { decode, encode } from "../../wire/struct";
import {
  Asset,
  containsSecret,
  containsUnknown,
  equalValues,
  ResourceReference,
  revealSecrets,
  Secret,
  UNKNOWN,
  UNKNOWN_SENTINEL,
  type Value,
} from "../../wire/values";

/** google-protobuf 3.21 loses a plain value under this one name (Struct.toJavaScript assigns it). */
const key = fc.string().filter(text => text !== "__proto__");

const { value } = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (number === 0 ? 0 : number)),
    fc.string(),
    fc.constant(UNKNOWN),
    fc.string().map(text => new Asset("asset", { hash: text, text })),
    fc.string().map(urn => new ResourceReference(urn, "id", "1.0.0")),
    tie("value").map(element => new Secret(element)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
}));

test("what is encoded decodes to the same values", () => {
  fc.assert(
    fc.property(value, item => {
      expect(equalValues(decode(encode({ item })).item, item)).toBe(true);
    }),
  );
});

test("a value differs from itself made secret", () => {
  fc.assert(fc.property(value, item => !equalValues(item, new Secret(item))));
});

test("revealed values hold no secret", () => {
  fc.assert(fc.property(value, item => !containsSecret(revealSecrets(new Secret(item)))));
});

test("an unknown is found at any depth", () => {
  expect(containsUnknown({ a: [new Secret({ b: UNKNOWN })] })).toBe(true);
  expect(containsUnknown({ a: [new Secret({ b: "known" })] })).toBe(false);
});

test("an unknown secret goes to a provider as the bare sentinel", () => {
  const sent = encode({ password: new Secret(UNKNOWN) }, { bareUnknownSecrets: true }).toJavaScript();
  expect(sent).toEqual({ password: UNKNOWN_SENTINEL });
});

test("output values become what they hold", () => {
  const wire = encode({
    known: { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: 1, secret: true },
    unknown: { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4" },
  });
  const values = decode(wire);
  expect(equalValues(values.known, new Secret(1))).toBe(true);
  expect(values.unknown).toBe(UNKNOWN);
});
