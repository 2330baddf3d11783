import { quote } from "../../../../remote/shell";
import type { ContainerInputs } from "./inputs";
import { type ContainerInspect, type ImageConfig, parseImage, parseInspect } from "./inspect";
import type { Processors } from "./limits";

/** How long a probe that fails is tried again before the container counts as unhealthy: sshd may be starting just now. */
const HEALTH_SECONDS = 1;
/** `nvidia-smi` takes seconds on a host whose driver has to wake up first (no persistence mode). */
const GPU_SECONDS = 30;
const INSIDE_SECONDS = 45;

/** What one look at a container shows. */
export interface Sight {
  readonly container: ContainerInspect;
  readonly image: ImageConfig | undefined;
  readonly processors: Processors;
  /** Why the probe fails; undefined: it does not, or it was not asked. */
  readonly unhealthy?: string;
  /** Why the container does not see its GPUs, while the host does; undefined: it sees them, or it was not asked. */
  readonly gpusLost?: string;
}

export type Asked = Pick<ContainerInputs, "name" | "gpus" | "healthProbe">;

const TELL = `tell() { printf '%s %s %s\\n' "$1" "$2" "$(printf %s "$3" | base64 | tr -d '\\n')"; }`;

/** Whole seconds of a clock that nobody sets. */
const NOW = "IFS=. read -r now _ </proc/uptime";

/**
 * One read-only script for all that is looked at. Answers: `absent`, or lines of a word, an exit code and base64.
 * Of a container that does not run nobody asks how it is. Every call of docker costs the host some 20 ms, and an entry into the
 * container far more: so one of each, and the tries of a probe are made inside.
 *
 * @param patienceSeconds how long a probe may fail
 */
export function readScript({ name, gpus, healthProbe }: Asked, patienceSeconds = HEALTH_SECONDS): string {
  const asked = [...(healthProbe ? ["health"] : []), ...(gpus === "none" ? [] : ["gpus"])];
  const head = `name=${quote(name)}
${TELL}
if ! said=$(docker inspect --type container -f '{{.Image}} {{.State.Running}} {{.State.Paused}} [{{json .}}]' "$name" 2>/dev/null); then
  said=$(docker inspect --type container "$name" 2>&1)
  case $said in *'No such container'* | *'No such object'*) echo absent; exit 0 ;; esac
  printf '%s\\n' "$said" >&2; exit 1
fi
image=\${said%% *}; said=\${said#* }
running=\${said%% *}; said=\${said#* }
paused=\${said%% *}; said=\${said#* }
tell container 0 "$said"
said=$(docker image inspect "$image" 2>/dev/null) && tell image 0 "$said"
tell processors "$(nproc)" "$(cat /sys/devices/system/cpu/online)"
`;
  if (asked.length === 0) return `${head}exit 0\n`;
  const inside = insideScript(healthProbe?.script, gpus, patienceSeconds);
  return `${head}[ "$running $paused" = 'true false' ] || exit 0
${NOW}
end=$((now + ${Math.ceil(patienceSeconds)}))
while :; do
  said=$(timeout ${INSIDE_SECONDS + Math.ceil(patienceSeconds)} docker exec "$name" sh -c ${quote(inside)} 2>&1)
  code=$?
  ${NOW}
  if [ "$now" -ge "$end" ] || printf '%s\\n' "$said" | grep -q '^${asked[0]} 0 '; then break; fi
  # Not even the probe could be asked: docker is starting the container.
  sleep 1
done
for word in ${asked.join(" ")}; do
  printf '%s\\n' "$said" | grep "^$word [0-9]" || tell "$word" "$((code > 0 ? code : 1))" "$said"
done
${
  gpus === "none"
    ? ""
    : `command -v nvidia-smi >/dev/null && said=$(timeout ${GPU_SECONDS} nvidia-smi -L 2>&1); tell host-gpus "$?" "$said"
`
}exit 0
`;
}

/** Runs in the container, in one exec. */
function insideScript(probe: string | undefined, gpus: Asked["gpus"], patienceSeconds: number): string {
  const health = `${NOW}
end=$((now + ${Math.ceil(patienceSeconds)}))
while :; do
  said=$( (${probe}
) 2>&1 )
  code=$?
  ${NOW}
  if [ "$code" = 0 ] || [ "$now" -ge "$end" ]; then break; fi
  sleep 0.2
done
tell health "$code" "$said"
`;
  const seen = `said=$( (${GPUS_INSIDE}\n) 2>&1 ); tell gpus "$?" "$said"\n`;
  return `${TELL}\n${probe === undefined ? "" : health}${gpus === "none" ? "" : seen}`;
}

/** An image whose toolkit brings no nvidia-smi can still say which devices the kernel lets it open. */
const GPUS_INSIDE = `if command -v nvidia-smi >/dev/null; then exec nvidia-smi -L; fi
for device in /dev/nvidia[0-9]*; do
  [ -e "$device" ] || continue
  (: <"$device") || exit 1
  echo "GPU \${device#/dev/nvidia}: (UUID: unknown)"
done`;

interface Answer {
  readonly code: number;
  readonly text: string;
}

/**
 * @returns undefined: docker answered that there is no such container.
 * @throws Error when that is no answer of the script.
 */
export function parseSight(output: string, asked: Asked): Sight | undefined {
  const answers = new Map<string, Answer>();
  for (const line of output.split("\n").filter(Boolean)) {
    const [word = "", code, text = ""] = line.split(" ");
    answers.set(word, { code: Number(code), text: Buffer.from(text, "base64").toString() });
  }
  if (answers.has("absent")) return undefined;
  const container = answers.get("container");
  if (!container) throw new Error(`it answered: ${output.slice(0, 200)}`);
  const image = answers.get("image");
  const processors = answers.get("processors");
  const health = answers.get("health");
  const gpusLost = lostGpus(answers.get("host-gpus"), answers.get("gpus"), asked.gpus);
  return {
    container: parseInspect(container.text),
    image: image && parseImage(image.text),
    processors: { count: processors?.code || 1, list: processors?.text.trim() || "0" },
    ...(health && health.code !== 0 && { unhealthy: told("its health probe fails", health) }),
    ...(gpusLost !== undefined && { gpusLost }),
  };
}

/**
 * What `systemctl daemon-reload` on the host does to running containers whose devices systemd does not know
 * (nvidia-container-toolkit, issue 48): NVML fails inside, or sees fewer GPUs. A host that does not see its GPUs either has
 * another trouble, which its facts tell.
 */
function lostGpus(onHost: Answer | undefined, inside: Answer | undefined, asked: Asked["gpus"]): string | undefined {
  if (!onHost || !inside || onHost.code !== 0) return undefined;
  const hostGpus = listedGpus(onHost.text);
  const wanted = asked === "all" ? hostGpus : Math.min(hostGpus, asked.length);
  const seen = inside.code === 0 ? listedGpus(inside.text) : 0;
  if (seen >= wanted) return undefined;
  if (inside.code !== 0) return told("nvidia-smi fails in it, and works on the host", inside);
  return `it sees ${seen} of its ${wanted} GPUs, and the host sees all`;
}

function listedGpus(text: string): number {
  return [...text.matchAll(/^GPU \d+: /gm)].length;
}

function told(what: string, { code, text }: Answer): string {
  const words = text.trim().split("\n").slice(-3).join("; ").slice(-400);
  if (words !== "") return `${what}: ${words}`;
  return `${what}: ${code === 124 ? "no answer in time" : `exit code ${code}`}`;
}
