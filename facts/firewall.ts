import { ABSENT, type Topic } from "./fact";

/** What may keep the nodes' packets out. */
export interface Firewall {
  /** Programs that manage it and are active: `ufw`, `firewalld`. */
  readonly managers: readonly string[];
  /** Chains that incoming packets pass and that drop what no rule lets in: `ip filter INPUT`. */
  readonly closedChains: readonly string[];
}

/**
 * nft shows the rules of iptables too. Only root may look: for others the tables are unknown, and so is the fact. A host without
 * either program has no rules.
 */
export const firewall: Topic<Firewall> = {
  snippet: `found=
for unit in ufw firewalld; do
  [ "$(timeout 5 systemctl is-active "$unit" 2>/dev/null)" = active ] || continue
  # The unit of ufw is active on every Ubuntu; its file tells whether it filters.
  [ "$unit" != ufw ] || grep -q '^ENABLED=yes' /etc/ufw/ufw.conf 2>/dev/null || continue
  echo "manager $unit"
done
if command -v nft >/dev/null; then found=yes; timeout 10 nft list chains || exit $?
elif command -v iptables >/dev/null; then
  found=yes
  for tool in iptables ip6tables; do
    ! command -v "$tool" >/dev/null || { echo "tool $tool"; timeout 10 "$tool" -w 5 -S INPUT || exit $?; }
  done
fi
[ -n "$found" ] || exit ${ABSENT}`,
  parse(output) {
    const managers = [...output.matchAll(/^manager (\S+)$/gm)].map(([, name = ""]) => name);
    const closedChains: string[] = [];
    let table = "";
    let chain = "";
    for (const line of output.split("\n")) {
      const [, opened] = /^table (.*) \{/.exec(line) ?? [];
      const [, begun] = /^\s+chain (\S+) \{/.exec(line) ?? [];
      const [, tool] = /^tool (\S+)$/.exec(line) ?? [];
      if (opened !== undefined) table = opened;
      if (begun !== undefined) chain = begun;
      if (tool !== undefined) table = tool === "ip6tables" ? "ip6 filter" : "ip filter";
      if (/hook input .*policy drop/.test(line)) closedChains.push(`${table} ${chain}`);
      if (line === "-P INPUT DROP") closedChains.push(`${table} INPUT`);
    }
    return { managers, closedChains };
  },
};
