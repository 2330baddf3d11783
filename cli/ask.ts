import { createInterface } from "node:readline";
import type { Console } from "./console";

export interface Question {
  readonly text: string;
  /** Printed when the answer is `details`. */
  readonly details?: () => string;
}

/** Asks to type a word, for what can't be undone. Anything else means no. */
export async function askToType(console: Console, text: string, word: string): Promise<boolean> {
  console.out.write(`${text} Type ${word} to go on: `);
  const lines = createInterface({ input: console.input });
  try {
    for await (const line of lines) return line.trim() === word;
    return false;
  } finally {
    lines.close();
  }
}

/** Asks until the answer is yes or no. The end of the input means no. */
export async function ask(console: Console, question: Question): Promise<boolean> {
  const choices = question.details ? "yes/no/details" : "yes/no";
  const prompt = (): boolean => console.out.write(`${question.text} (${choices}): `);
  const lines = createInterface({ input: console.input });
  try {
    prompt();
    for await (const line of lines) {
      const answer = line.trim().toLowerCase();
      if (answer === "no" || answer === "n") return false;
      if (answer === "yes" || answer === "y") return true;
      if (question.details && (answer === "details" || answer === "d")) console.out.write(`${question.details()}\n`);
      prompt();
    }
    return false;
  } finally {
    lines.close();
  }
}
