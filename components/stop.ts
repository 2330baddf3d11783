import * as pulumi from "@pulumi/pulumi";

/** Ends the program with a text for the operator, and nothing else: no stack trace, on either engine. */
export class Stop extends pulumi.RunError {
  constructor(message: string) {
    super(message);
    // Node 20.20 takes a minute to colour a stack with the SDK's source paths (see engine/program/uncoloured-errors.ts).
    this.stack = message;
  }
}
