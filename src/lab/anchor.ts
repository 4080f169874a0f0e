/** The one process under which a lab lives: when it ends, the kernel removes every namespace, process, mount and link of the lab. */
import type { Exec } from '../ports/exec.js';
import { LabError } from './lab-error.js';
import type { Words } from './topology.js';

/**
 * Process 1 of the anchor's pid namespace. Arguments: the folder for logs, the
 * node's script, `rootless` or nothing. It takes `node NAME` lines and, at
 * last, `keep`; when its input ends without that, it ends, and the lab with
 * it. So a deploy that dies half-way, however it dies, leaves nothing.
 *
 * /proc is the machine's until `keep`: /proc/self/stat tells pids as the
 * machine counts them. SIGCHLD is ignored at the end, so that the kernel reaps
 * what is orphaned.
 */
const ANCHOR_SCRIPT = `
exec 9<"$1"
mount -t tmpfs -o mode=755 culvert-lab /run || exit 1
trap '' HUP
read -r pid rest </proc/self/stat
echo "anchor $pid"
while read -r verb name; do
  case $verb in
    node)
      unshare --net --mount --uts --pid sh -c 'sh -c "$1" node "$2" $3 4>&1 >>"/proc/self/fd/9/$2.log" 2>&1 </dev/null &' \\
        node "$2" "$name" "$3" ;;
    keep)
      mount -t proc proc /proc
      echo kept
      exec env --ignore-signal=CHLD sleep infinity </dev/null >/dev/null 2>&1 9<&- ;;
  esac
done
`;

/**
 * Process 1 of a node. /etc, /srv, /tmp and /var are layers over the machine's,
 * and /run is empty, so that whatever the node writes there stays in it; for
 * binds, /run/.machine has the machine's own. Its standard output is the node's log; programs may write to /proc/1/fd/1.
 */
const NODE_SCRIPT = `
fail() { echo "node $name failed $*" >&4; exit 1; }
exec 9<&-
name=$1
read -r pid rest </proc/self/stat
mount -t proc proc /proc || fail cannot mount /proc
mount -t sysfs sysfs /sys 2>/dev/null
mount -t tmpfs -o mode=755 node /run || fail cannot mount /run
mkdir /run/.machine && mount --rbind / /run/.machine || fail cannot bind the machine
layers=layered
for folder in etc srv tmp var; do
  [ -d "/$folder" ] || continue
  mkdir -p "/run/.layers/$folder/upper" "/run/.layers/$folder/work"
  chmod --reference="/$folder" "/run/.layers/$folder/upper"
  mount -t overlay node -o "\${2:+userxattr,}lowerdir=/$folder,upperdir=/run/.layers/$folder/upper,workdir=/run/.layers/$folder/work" \\
    "/$folder" || layers=shared
done
hostname "$name"
ip link set lo up || fail cannot set its loopback up
echo "node $name $pid $layers" >&4
exec env --ignore-signal=CHLD sleep infinity 4<&-
`;

/** The anchor's parent only waits: with it gone, the anchor has no controlling terminal, no pipes and no session of ours. */
const PARENT_SCRIPT = 'exec 3<&0; sh -c "$1" anchor "$2" "$3" "$4" <&3 3<&- & wait';

export interface AnchorStart {
  /** An existing folder; `<node>.log` appear in it. */
  readonly logs: string;
  readonly rootless: boolean;
}

export interface StartedNode {
  /** Process 1 of the node, as this machine counts. */
  readonly pid: number;
  /** False where the kernel has no overlayfs for us: /etc, /srv, /tmp and /var are then the machine's own. */
  readonly layered: boolean;
}

export interface Anchor {
  /** As this machine counts. */
  readonly pid: number;
  startNode(name: string): Promise<StartedNode>;
  /** From here on the anchor outlives us. */
  keep(): Promise<void>;
  /** Ends it and everything in it; harmless after `keep`. */
  abandon(): Promise<void>;
}

/** The anchor as a program that talks on its standard input and output. */
export const anchorArgv = ({ logs, rootless }: AnchorStart): Words => [
  'setsid',
  ...['unshare', ...(rootless ? ['--user', '--map-root-user'] : []), '--net', '--mount', '--pid'],
  ...['sh', '-c', PARENT_SCRIPT, 'anchor', ANCHOR_SCRIPT, logs, NODE_SCRIPT, rootless ? 'rootless' : ''],
];

/** Starts an anchor. Rejects with `LabError` when the kernel refuses the namespaces. */
export async function startAnchor(exec: Exec, start: AnchorStart): Promise<Anchor> {
  const answers = new Answers();
  const handle = exec.stream(anchorArgv(start), {
    line: (text) => answers.take(text),
    ended: (reason) => answers.end(reason),
  });
  const ask = async (key: string, line?: string): Promise<readonly string[]> => {
    const answer = answers.wait(key);
    if (line !== undefined) handle.write(line);
    return answer;
  };
  try {
    const [pid] = await ask('anchor');
    return {
      pid: Number(pid),
      startNode: async (name) => {
        const [nodePid, layers, ...words] = await ask(`node ${name}`, `node ${name}`);
        if (nodePid === 'failed')
          throw new LabError(`node ${name}: ${[layers, ...words].join(' ')}`, `see ${start.logs}/${name}.log`);
        return { pid: Number(nodePid), layered: layers === 'layered' };
      },
      keep: async () => {
        await ask('kept', 'keep');
        await handle.stop();
      },
      abandon: () => handle.stop(),
    };
  } catch (error) {
    await handle.stop();
    throw error;
  }
}

/** What the anchor says, by its first words. */
class Answers {
  readonly #waiting = new Map<
    string,
    { resolve: (words: readonly string[]) => void; reject: (error: Error) => void }
  >();
  #ended: LabError | undefined;

  wait(key: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended) reject(this.#ended);
      else this.#waiting.set(key, { resolve, reject });
    });
  }

  take(line: string): void {
    const words = line.split(' ');
    const length = words[0] === 'node' ? 2 : 1;
    const key = words.slice(0, length).join(' ');
    this.#waiting.get(key)?.resolve(words.slice(length));
    this.#waiting.delete(key);
  }

  end(reason: string): void {
    this.#ended = new LabError(`the anchor ended: ${reason}`, 'run it as root, or allow user namespaces');
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}
