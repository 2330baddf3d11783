import { BadValue } from "./value";

/** One host of a ProxyJump: a name that the configuration is asked about in its turn. */
export interface Jump {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/**
 * The hosts of a ProxyJump, the one nearest to the operator first; empty for `none`.
 * Each is `[user@]host[:port]` or `ssh://[user@]host[:port]` (misc.c, parse_user_host_port and parse_ssh_uri).
 * @throws BadValue
 */
export function parseJumps(text: string): Jump[] {
  const value = text.replace(/#.*$/, "").trim();
  if (value.toLowerCase() === "none") return [];
  return value.split(",").map(parseJump);
}

function parseJump(text: string): Jump {
  const bare = text.replace(/^ssh:\/\//, "").replace(/\/$/, "");
  const at = bare.lastIndexOf("@");
  const user = at < 0 ? undefined : bare.slice(0, at);
  const place = bare.slice(at + 1);
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(\d+))?$/.exec(place) ?? [];
  // More than one colon without brackets: an IPv6 address.
  const host = bracketed ?? plain ?? (/^[0-9a-f:.]+$/i.test(place) && place.includes("::") ? place : undefined);
  const number = port === undefined ? undefined : Number(port);
  if (!host || user === "" || /\s/.test(bare) || (number !== undefined && (number < 1 || number > 65_535))) {
    throw new BadValue(`"${text}" is no [user@]host[:port]`);
  }
  return { host, ...(user !== undefined && { user }), ...(number !== undefined && { port: number }) };
}
