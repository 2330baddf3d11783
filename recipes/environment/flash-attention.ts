import { readFileSync } from "node:fs";
import * as path from "node:path";
import { compareVersions, minorOf } from "../version";

/** What a wheel of flash-attn must agree with. */
export interface WheelTarget {
  readonly torch: string;
  /** `3.10` */
  readonly python: string;
  /** CUDA version that torch was built for, such as 12.4. */
  readonly cuda: string;
  /** torch._C._GLIBCXX_USE_CXX11_ABI: a wheel of the other ABI fails at import with an undefined symbol. */
  readonly cxx11Abi: boolean;
  /** Machine of the host, as `uname -m` has it. Default x86_64. */
  readonly machine?: string;
}

export interface Wheel {
  readonly file: string;
  readonly url: string;
}

interface Release {
  readonly torch: readonly string[];
  readonly python: readonly string[];
}

/** Which wheels upstream's releases have; the file says where it was read. Data, read once. */
const { releases }: { readonly releases: Readonly<Record<string, Release>> } = JSON.parse(
  readFileSync(path.join(__dirname, "flash-attention.json"), "utf8"),
);

/** Releases in the table, oldest first. */
export const flashAttentionReleases: readonly string[] = Object.keys(releases).sort(compareVersions);

/**
 * The published wheel of a release of flash-attn for a target, or why there is none. The name's pattern is upstream's
 * (get_wheel_url in setup.py, v2.7.4.post1 to v2.8.3.post1).
 */
export function flashAttentionWheel(version: string, target: WheelTarget): Wheel | { readonly refused: string } {
  const refused = refusal(version, target);
  if (refused !== undefined) return { refused };
  const abi = target.cxx11Abi ? "TRUE" : "FALSE";
  const tag = `cp${target.python.replace(".", "")}`;
  const build = `cu${majorOf(target.cuda)}torch${minorOf(target.torch)}cxx11abi${abi}`;
  const file = `flash_attn-${version}+${build}-${tag}-${tag}-linux_x86_64.whl`;
  return { file, url: `https://github.com/Dao-AILab/flash-attention/releases/download/v${version}/${file}` };
}

/** Releases that have a wheel for a target, oldest first. */
export function flashAttentionFor(target: WheelTarget): string[] {
  return flashAttentionReleases.filter(version => refusal(version, target) === undefined);
}

function refusal(version: string, target: WheelTarget): string | undefined {
  const release = releases[version];
  const machine = target.machine ?? "x86_64";
  const minor = minorOf(target.torch);
  if (!release) return `flash-attn ${version} is not in the table of published wheels`;
  if (machine !== "x86_64") return `flash-attn ${version} has no wheel for ${machine}, only for x86_64`;
  if (majorOf(target.cuda) !== "12") return `flash-attn ${version} has wheels for CUDA 12 only, not ${target.cuda}`;
  if (!release.torch.includes(minor)) {
    return `flash-attn ${version} has no wheel for torch ${minor}, only for ${release.torch.join(", ")}`;
  }
  if (!release.python.includes(target.python)) {
    return `flash-attn ${version} has no wheel for Python ${target.python}, only for ${release.python.join(", ")}`;
  }
  // The matrix leaves these out: torch before 2.5 does not run there.
  if (target.python === "3.13" && compareVersions(minor, "2.5") < 0) {
    return `flash-attn ${version} has no wheel for torch ${minor} with Python 3.13`;
  }
  return undefined;
}

function majorOf(version: string): string {
  return version.split(".")[0] ?? "";
}
