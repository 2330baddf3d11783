// Makes the folder of the state for the operator alone: the stock CLI wants it to be there, and would let others read it.
const { mkdirSync } = require("node:fs");
const { join } = require("node:path");

mkdirSync(join(__dirname, "../.muster"), { recursive: true, mode: 0o700 });
