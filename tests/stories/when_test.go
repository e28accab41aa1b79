//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// busy starts a cell that computes until done, or until its kernel ends, and
// waits until Jupyter knows.
func (k *kernel) busy() string {
	k.n.t.Helper()
	id := k.send(fmt.Sprintf(`import os, time
end = os.path.expanduser("~/work/%s")
while not os.path.exists(end): time.sleep(0.1)
print("computed")`, k.end()))
	eventually(k.n.t, "the kernel is busy", time.Minute, func() bool {
		var state struct {
			State string `json:"execution_state"`
		}
		k.n.call("GET", "api/kernels/"+k.id, nil, &state, 200)
		return state.State == "busy"
	})
	return id
}

// end is the file whose coming ends the kernel's cell.
func (k *kernel) end() string { return "end-" + k.id }

// done lets a cell end that busy started.
func (k *kernel) done(id string) {
	k.n.t.Helper()
	k.n.write(k.end(), "")
	if got, err := k.wait(id, time.Minute); err != nil || got != "computed\n" {
		k.n.t.Errorf("the cell printed %q: %v", got, err)
	}
	k.n.call("DELETE", "api/contents/"+k.end(), nil, nil, 204)
}

// name is the kernel as a status names it.
func (k *kernel) name() string { return "/" + k.id[:8] }

// With switch-when=idle a switch waits until nobody computes, and is then made
// by itself.
func TestSwitchWhenIdle(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("model-config", "update-status-hook-interval=1m")
	m.deploy("nb", "switch-when=idle")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	k := n.startKernel()
	cell := k.busy()
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain:1; waits: ", "test/plain2:1", "busy kernel", k.name(), "apply")
	p := m.run("nb/0", "plan")
	for _, want := range []string{"waits: jupyter-image is ", "test/plain2:1, was ", k.name()} {
		if !strings.Contains(p.result("plan"), want) {
			t.Errorf("the plan does not say %q: %s", want, p.result("plan"))
		}
	}
	if got := p.result("kernels-ended"); got != "1" {
		t.Errorf("the plan would end %s kernels", got)
	}
	if would := p.result("apply-would"); !strings.Contains(would, "turn gateway") {
		t.Errorf("apply would: %s", would)
	}
	k.done(cell)
	m.waitSettled("nb/0", "test/plain2:1")
	n.serves()
	m.rotateWaits(n)
}

// rotateWaits rotates the token while a kernel is busy: the action says that the
// old one is in force until then, and it is.
func (m *model) rotateWaits(n *notebook) {
	m.t.Helper()
	k := n.startKernel()
	k.busy()
	if got := m.run("nb/0", "rotate-token").result("in-force"); !strings.Contains(got, "once no kernel and no terminal is busy") {
		m.t.Errorf("rotate-token: in force %s", got)
	}
	m.waitActive("nb/0", "waits: the token was rotated", k.name())
	n.serves()
	if now := m.open("nb/0"); now.token != n.token {
		m.t.Error("get-token gives a token that is not in force")
	}
	m.run("nb/0", "apply")
	now := m.open("nb/0")
	now.serves()
	if code, _, err := now.try("GET", "api/contents", n.token, nil); err != nil || code != 403 {
		m.t.Errorf("with the old token, contents answer %d (%v)", code, err)
	}
}

// With switch-when=manual a switch waits for apply, which makes it at once.
func TestSwitchWhenManual(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "switch-when=manual")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain:1; waits: ", "apply")
	k := n.startKernel()
	k.busy()
	m.updateStatus("nb/0")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("before apply there are %q, were %q", now, before)
	}
	if got := m.run("nb/0", "plan").result("kernels-ended"); got != "1" {
		t.Errorf("the plan would end %s kernels", got)
	}
	if got := m.run("nb/0", "apply"); !strings.Contains(got.result("image"), "test/plain2:1") || got.result("waits") != "nothing" {
		t.Errorf("apply: %+v", got)
	}
	m.waitSettled("nb/0", "test/plain2:1")
	n.serves()
	if p := m.run("nb/0", "plan"); p.result("plan") != "nothing to do" || p.result("kernels-ended") != "0" {
		t.Errorf("afterwards the plan is %+v", p.Results)
	}
}

// waitSettled waits until the image serves and nothing waits.
func (m *model) waitSettled(unit, image string) {
	m.t.Helper()
	m.waitUnit(unit, "serving "+image, patience, func(s unitStatus) bool {
		text := s.Workload.Message
		return s.Workload.Current == "active" && strings.Contains(text, image) && !strings.Contains(text, "waits")
	})
}

// What nobody asked for waits for idle kernels whatever switch-when says: here
// the model's proxy, which reaches the notebook's environment.
func TestModelProxyWaits(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "environment=MINE=kept", "idle-minutes=0")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	k := n.startKernel()
	cell := k.busy()
	m.juju("model-config", "juju-http-proxy=http://proxy.invalid:3128", "juju-no-proxy=127.0.0.1,localhost")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "waits: the model's proxy changed", k.name())
	k.done(cell)
	m.updateStatus("nb/0")
	m.waitSettled("nb/0", "test/plain:1")
	got := n.startKernel().run(`import os
print([os.environ.get(x) for x in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "MINE")])`)
	if want := "['http://proxy.invalid:3128', 'http://proxy.invalid:3128', '127.0.0.1,localhost', 'kept']\n"; got != want {
		t.Errorf("the kernel printed %q, want %q", got, want)
	}
}

// A newer image behind the same tag is a change only when the operator asks.
func TestPull(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	moving := registry + "/test/moving-" + m.name + ":1"
	m.push("bystander/0", image("plain"), moving)
	m.deploy("nb", "jupyter-image="+moving)
	m.waitActive("nb/0", "test/moving-")
	n, before := m.open("nb/0"), m.containers("nb/0")
	n.computesAs(1000)

	m.push("bystander/0", image("plain2"), moving)
	m.config("nb", "start-timeout=120")
	m.waitActive("nb/0")
	m.updateStatus("nb/0")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("before the pull there are %q, were %q", now, before)
	}
	m.run("nb/0", "pull")
	m.waitActive("nb/0", "test/moving-")
	n.serves()
	n.computesAs(4321)
	after := m.containers("nb/0")
	m.run("nb/0", "pull")
	m.waitActive("nb/0")
	if now := m.containers("nb/0"); now != after {
		t.Errorf("a pull of the same image left %q, were %q", now, after)
	}
	m.juju("remove-application", "--no-prompt", "nb")
	eventually(t, "the application is gone", patience, func() bool { return len(m.app("nb").Units) == 0 })
	if left := m.onMachine("bystander/0", "docker images --digests | grep "+m.name+"; true"); left != "" {
		t.Errorf("of what was pulled there is still %s", left)
	}
}

// push puts the image into the registry under another name, and leaves that name
// on no machine.
func (m *model) push(unit, from, to string) {
	m.t.Helper()
	m.onMachine(unit, "for i in 1 2 3; do docker pull -q "+from+" && docker tag "+from+" "+to+" && docker push -q "+to+" && docker rmi "+to+" && exit; sleep 1; done; exit 1")
}
