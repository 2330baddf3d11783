import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { OperatorError } from "../../../wire/operator-error";

/** sha256 of a file of the operator's machine, in hexadecimal. @throws OperatorError if it cannot be read. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new OperatorError(
      {
        summary: `the file to upload cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        where: path,
        remedy: "correct the path",
      },
      { cause: error },
    );
  }
  return hash.digest("hex");
}
