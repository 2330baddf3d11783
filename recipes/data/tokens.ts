/**
 * Estimate of a text's tokens without its tokenizer, by the rule "scripts": a word of Latin letters is a token for each six letters
 * begun, a digit is one, a Chinese, Japanese or Korean character two thirds, any other sign a half; spaces are free.
 */
export function estimatedTokens(text: string): number {
  let tokens = 0;
  let letters = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    if (isLetter) {
      if (letters % 6 === 0) tokens++;
      letters++;
      continue;
    }
    letters = 0;
    if (code === 32) continue;
    if (code >= 48 && code <= 57) tokens++;
    else if (isEastAsian(code)) tokens += 2 / 3;
    else tokens += 0.5;
  }
  return Math.ceil(tokens);
}

/** What a template writes around a message: its role and its end. */
export const tokensAroundMessage = 4;

/** Name of the rule, for reports. */
export const tokenRule = "scripts";

function isEastAsian(code: number): boolean {
  return (code >= 0x2e80 && code <= 0xd7ff) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xffef);
}
