//go:build integration

package stories

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// hidden looks for the notebook's token where nobody but root and the notebook
// may find it, and prints where it is. It reads the token on the machine: were it
// in the command, the search would find itself.
const hidden = `key=%s; n=$(docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key=$key)
f=$(mktemp); docker exec -u 0 $n cat /jupyter-docker/secret/token >$f
echo "%s" | sha256sum -c --quiet - || echo "the token is another one"
seek() { ! grep -aFqf $f || echo "found in $1"; }
for c in $(docker ps -aq --filter label=io.jupyter-docker.key=$key); do
	docker inspect $c | seek "docker inspect"
	docker logs $c 2>&1 | seek "docker logs"
	docker history --no-trunc $(docker inspect -f '{{.Image}}' $c) | seek "docker history"
done
cat /proc/[0-9]*/environ 2>/dev/null | seek "an environment"
sort -u %s/seen | seek "a process list"
chmod 644 $f; docker cp -q $f $n:/sought 2>/dev/null || docker cp $f $n:/sought
other="setpriv --reuid 65534 --regid 65534 --clear-groups xargs -0r grep -aFl"
find /var/lib/jupyter-docker/$key -type f -print0 | $other -f $f 2>/dev/null
docker exec -u 0 $n sh -c "find / -xdev -type f -not -path '/usr/*' -not -path '/opt/*' -not -path /sought -print0 | $other -f /sought 2>/dev/null"
docker exec -u 0 $n sh -c "find /jupyter-docker /dev/shm -type f -print0 | $other -f /sought 2>/dev/null"
docker exec -u 0 $n rm /sought
rm -f $f`

// sampler notes, until its folder is gone, whatever looks like a token in the
// command line or the environment of any process.
const sampler = `d=$(mktemp -d); touch $d/seen; echo $d
setsid sh -c 'i=0; while [ -d '$d' ] && [ $i -lt 3000 ]; do i=$((i + 1))
	cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -aoE "[0-9a-f]{64}" | sort -u >>'$d'/seen; sleep 0.1; done' >/dev/null 2>&1 </dev/null &`

// runtimeFiles are the files of Jupyter that hold the token, and the file system
// that they are on.
const runtimeFiles = `import glob, os, subprocess
found = glob.glob(os.environ["JUPYTER_RUNTIME_DIR"] + "/*server-*")
print(len(found) > 0, set(subprocess.run(["stat", "-f", "-c", "%T"] + found, stdout=subprocess.PIPE).stdout.decode().split()))
print(glob.glob(os.path.expanduser("~/.local/share/jupyter/runtime/*server*")))`

// hidesItsRuntime checks that what Jupyter writes at its start never reaches a
// disk.
func (k *kernel) hidesItsRuntime() {
	k.n.t.Helper()
	if got, want := k.run(runtimeFiles), "True {'tmpfs'}\n[]\n"; got != want {
		k.n.t.Errorf("the files of the running server are %q, want %q", got, want)
	}
}

// The token opens the notebook, and is where only root and the notebook read it.
func TestTokenIsHidden(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	samples := strings.TrimSpace(m.onMachine("bystander/0", sampler))
	t.Cleanup(func() { m.tryOnMachine("bystander/0", "rm -r "+samples) })
	m.deployWith("nb", []string{"--to", m.unit("bystander/0").Machine}, "log-level=TRACE")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	n.serves()
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(n.token) {
		t.Errorf("the token is not 256 bits: it has %d characters", len(n.token))
	}
	n.startKernel().hidesItsRuntime()
	n.keepsItsToken(m, samples)
	m.config("nb", "jupyter-image="+image("stepdown"))
	m.waitActive("nb/0", "test/stepdown:1")
	n.serves()
	n.keepsItsToken(m, samples)
	m.run("nb/0", "rotate-token")
	eventually(t, "the token is rotated", patience, func() bool { return m.run("nb/0", "get-token").result("token") != n.token })
	m.open("nb/0").keepsItsToken(m, samples)
}

// keepsItsToken looks for the token everywhere else.
func (n *notebook) keepsItsToken(m *model, samples string) {
	n.t.Helper()
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(n.token+"\n")))
	if leaks := m.onMachine("nb/0", fmt.Sprintf(hidden, m.key("nb/0"), sum+"  $f", samples)); leaks != "" {
		n.t.Errorf("the token was found:\n%s", leaks)
	}
	for _, c := range [][]string{
		{"status", "--format", "json"}, {"show-unit", "nb/0", "--format", "json"}, {"secrets", "--format", "json"},
		{"config", "nb", "--format", "json"}, {"debug-log", "--replay", "--no-tail"},
		{"exec", "--unit", "nb/0", "--", "for r in $(relation-ids peers); do relation-get -r $r - nb/0; relation-get -r $r --app - nb; done"},
	} {
		if strings.Contains(m.juju(c[0], c[1:]...), n.token) {
			n.t.Errorf("juju %s shows the token", strings.Join(c, " "))
		}
	}
}

// A browser stays logged in when the image is switched, and not when the token
// is rotated: then every old way in is shut, on every unit.
func TestRotateToken(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	b := n.login(n.token)
	if code := b.status("api/contents"); code != 200 {
		t.Fatalf("logged in with the token: contents answer %d", code)
	}
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain2:1")
	if code := b.status("api/contents"); code != 200 {
		t.Errorf("after a switch the login answers %d", code)
	}
	m.juju("add-unit", "nb")
	m.waitUnit("nb/1", "settled", patience, func(s unitStatus) bool { return s.Workload.Current == "active" || s.Workload.Current == "blocked" })
	if got := m.tryRun("nb/1", "rotate-token"); got.Status != "failed" || !strings.Contains(got.Message, "leader") {
		t.Errorf("rotate-token on a unit that does not lead: %+v", got)
	}

	m.run("nb/0", "rotate-token")
	eventually(t, "the old token is shut out", patience, func() bool {
		code, _, err := n.try("GET", "api/contents", n.token, nil)
		return err == nil && code == 403
	})
	m.waitActive("nb/0")
	rotated := m.open("nb/0")
	rotated.serves()
	if rotated.token == n.token {
		t.Error("the token was not rotated")
	}
	if code := b.status("api/contents"); code != 403 {
		t.Errorf("with the old login, contents answer %d", code)
	}
	m.hasToken("nb/1", rotated.token)
}

// hasToken checks that the unit serves with the token. Where all units share one
// host, it serves when the first has gone.
func (m *model) hasToken(unit, token string) {
	m.t.Helper()
	if m.unit(unit).Workload.Current == "blocked" {
		m.waitStatus(unit, "blocked", "held by unit nb/0")
		m.juju("remove-unit", "--no-prompt", "nb/0")
		eventually(m.t, "nb/0 is gone", patience, func() bool { return len(m.app("nb").Units) == 1 })
		m.updateStatus(unit)
	}
	m.waitActive(unit)
	second := m.open(unit)
	second.serves()
	if second.token != token {
		m.t.Errorf("%s has another token", unit)
	}
}
