import { hosts } from "./site";

/** Slow enough that nobody takes it for a busy machine. */
const slow = "tbf rate 40mbit burst 64k latency 200ms";

const addressOf = (name: string): string => hosts.places.find(place => place.name === name)?.address ?? "";

/** Slows what one host sends to another one, and nothing else: htb sorts by the address, and tbf is the slow leaf. */
async function slowWay(from: string, to: string): Promise<void> {
  await hosts.host(from).ask(
    `tc qdisc add dev eth0 root handle 1: htb default 10
tc class add dev eth0 parent 1: classid 1:10 htb rate 10gbit quantum 60000
tc class add dev eth0 parent 1: classid 1:20 htb rate 10gbit quantum 60000
tc qdisc add dev eth0 parent 1:20 handle 20: ${slow}
tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst ${addressOf(to)}/32 flowid 1:20`,
  );
}

/** A cable between two hosts that is bad in both directions. */
export async function slowPair(a: string, b: string): Promise<void> {
  await slowWay(a, b);
  await slowWay(b, a);
}

/** A host whose port is bad: slow to all others. */
export async function slowHost(name: string): Promise<void> {
  await hosts.host(name).ask(`tc qdisc add dev eth0 root ${slow}`);
}

/** A firewall that lets in logins alone and drops all else without a word. */
export async function closeHost(name: string): Promise<void> {
  await hosts.host(name).ask(
    `iptables -A INPUT -p tcp --syn --dport 22 -j ACCEPT
iptables -A INPUT -p tcp --syn --dport 2333 -j ACCEPT
iptables -A INPUT -i eth0 -p tcp --syn -j DROP`,
  );
}

/** Every harm of these hosts, or none, is gone. */
export async function heal(...names: string[]): Promise<void> {
  for (const name of names)
    await hosts.host(name).ask("tc qdisc del dev eth0 root 2>/dev/null; iptables -F INPUT; true");
}
