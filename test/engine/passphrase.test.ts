import { cipherOf, newPassphrase, openPassphrase, WrongPassphraseError } from "../../engine/secrets/passphrase";

test("a stack made by stock opens with its passphrase, and with no other", async () => {
  // Salt and ciphertext of the recorded stock backend (pulumi 3.260, passphrase `corpus-passphrase`).
  const salt = "v1:RUo2fkp0OPQ=:v1:apGefSUhIhzhX+Jo:zuUcqCuO9TPPLGPjHq8DLiP3VumjLg==";
  const cipher = await openPassphrase("corpus-passphrase", salt);
  expect(cipher.decrypt("v1:Qn6krNdv/gTBQTJ4:OOCnQNq89EmkSDTxz3WfbCT35BU=")).toBe("deep");
  await expect(openPassphrase("other", salt)).rejects.toThrow(WrongPassphraseError);
});

test("a new salt opens with the passphrase that it was made with", async () => {
  const made = await newPassphrase("one");
  expect((await openPassphrase("one", made.salt)).decrypt(made.encrypt("text"))).toBe("text");
});

test("a changed ciphertext does not decrypt", () => {
  const cipher = cipherOf(Buffer.alloc(32, 1), "salt");
  const text = cipher.encrypt("secret");
  const end = text.endsWith("AAA=") ? "BBB=" : "AAA=";
  expect(() => cipher.decrypt(text.slice(0, -4) + end)).toThrow();
});
