//go:build integration

package stories

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fileServer is a command that hands out the folder with the secrets.
const fileServer = "python3 -m http.server 8888 --directory /jupyter-docker"

// serving is the id of the unit's one notebook on its machine, running or not, but
// for those that the charm set aside.
func (m *model) serving(unit string) string {
	m.t.Helper()
	all := strings.Fields(m.onMachine(unit, "docker ps -a --no-trunc --format '{{.ID}} {{.Names}}' --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+
		m.key(unit)+" | grep -v -e -aside- | cut -d' ' -f1"))
	if len(all) != 1 {
		m.t.Fatalf("there are the notebooks %v, want one", all)
	}
	return all[0]
}

// leak is an answer that nobody may get.
func (n *notebook) leak(body string) bool {
	return strings.Contains(body, n.token) || strings.Contains(body, "Directory listing for")
}

// prowled does something while a stranger asks for what a file server would hand
// out, who may get neither the token nor the list of a folder.
func (n *notebook) prowled(what string, do func()) {
	n.t.Helper()
	stop, out := make(chan struct{}), make(chan []string, 1)
	go func() {
		var found []string
		for {
			for _, path := range []string{"", "secret/", "secret/token"} {
				if code, body, err := n.try("GET", path, "", nil); err == nil && n.leak(string(body)) {
					found = append(found, fmt.Sprintf("%d %s", code, path))
				}
			}
			select {
			case <-stop:
				out <- found
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	defer func() {
		close(stop)
		if found := <-out; len(found) > 0 {
			n.t.Errorf("%s: strangers got the token or a folder %d times, first %s", what, len(found), found[0])
		}
	}()
	do()
}

// Somebody removes what serves while the wish is bad: it is made anew from its
// record in the next hook, and the candidate of the bad wish meets nobody. Once
// the gateway sent everyone to the candidate at once, before it was checked, and
// a file server handed out the token.
func TestRemovedBesideBadWish(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through it all")
	remove := "docker rm -f $id"
	prune := "docker stop -t 5 $id; docker container prune -f --filter label=io.jupyter-docker.key=" + m.key("nb/0")
	for _, c := range []struct{ does, option, good, says string }{
		{remove, "command=" + fileServer, "command=", "not healthy within"},
		{prune, "command=" + fileServer, "command=", "not healthy within"},
		{remove, "jupyter-image=" + image("openserver"), "jupyter-image=" + image("plain"), ""},
		{prune, "jupyter-image=" + image("none"), "jupyter-image=" + image("plain"), "does not exist"},
	} {
		was := m.serving("nb/0")
		n.prowled(c.does+" beside "+c.option, func() {
			m.onMachine("nb/0", "id="+was+"; "+c.does)
			m.config("nb", c.option, "start-timeout=20") // of the candidate
			n.comesBack()
			m.waitStatus("nb/0", "blocked", c.says, "test/plain:1 still serves")
		})
		n.serves()
		if now := m.serving("nb/0"); now == was {
			t.Errorf("%s beside %s: the container is still %s", c.does, c.option, now)
		}
		m.config("nb", c.good, "start-timeout=120")
		m.waitActive("nb/0", "test/plain:1")
		if got := n.read("kept.txt"); got != "through it all" {
			t.Errorf("the file holds %q", got)
		}
	}
}

// What serves is stopped while the wish is bad: the next hook starts it again, and
// still names what is wrong. Once it stayed down for as long as the option was bad.
func TestStoppedBesideBadWish(t *testing.T) {
	t.Parallel()
	m, taken := newModel(t), strconv.Itoa(port())
	m.deploy("other", "port="+taken)
	m.waitActive("other/0")
	own := strconv.Itoa(port())
	m.deployBeside("other/0", "nb", "port="+own)
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	for _, c := range []struct{ option, good, says string }{
		{"memory-limit=nonsense", "memory-limit=", "memory-limit must be a size"},
		{"jupyter-image=" + image("none"), "jupyter-image=" + image("plain"), "the image does not exist"},
		{"port=" + taken, "port=" + own, "port " + taken + " is held by unit other/0"},
	} {
		m.config("nb", c.option)
		m.waitStatus("nb/0", "blocked", c.says, "still serves")
		was := m.serving("nb/0")
		for _, does := range []string{"docker stop -t 5 ", "docker kill ", "docker rm -f "} {
			m.onMachine("nb/0", does+m.serving("nb/0"))
			m.updateStatus("nb/0")
			n.comesBack()
			n.serves()
			m.waitStatus("nb/0", "blocked", c.says, "still serves")
			if now := m.serving("nb/0"); now != was && !strings.Contains(does, "rm") {
				t.Errorf("%safter %s: it is %s, was %s", does, c.option, now, was)
			}
		}
		m.config("nb", c.good)
		m.waitActive("nb/0", "test/plain:1", ":"+own+"/")
	}
	m.open("other/0").serves()
}

// The gateway's state is lost while the notebook computes and answers nobody: it is
// not taken for one that never served, and its kernel goes on. Its server is held
// still, as one whose kernels have all the CPUs.
func TestStateLostWhileItComputes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	k.busy()
	server := "$(docker inspect -f '{{.State.Pid}}' " + m.serving("nb/0") + ")"
	m.onMachine("nb/0", "kill -STOP "+server)
	m.onMachine("nb/0", "docker rm -f "+m.parts("nb/0")["gateway"][0]+"; rm -f /var/lib/jupyter-docker/"+m.key("nb/0")+"/gateway/state.json")
	m.updateStatus("nb/0")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("while it computes there are %q, were %q", now, before)
	}
	m.onMachine("nb/0", "kill -CONT "+server)
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n.serves()
	n.write(k.end(), "")
	if err := k.connect(); err != nil {
		t.Fatalf("cannot connect to the kernel again: %v", err)
	}
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("afterwards there are %q, were %q", now, before)
	}
}

// While Jupyter boots the gateway says that nothing serves yet. Once it said 502,
// that the notebook broke off, since a published port accepts before the server does.
func TestBootingIsNotBroken(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, id := m.open("nb/0"), m.serving("nb/0")
	m.onMachine("nb/0", "docker stop -t 5 "+id)
	stop, out := make(chan struct{}), make(chan map[int]int, 1)
	go func() {
		codes := map[int]int{}
		for {
			select {
			case <-stop:
				out <- codes
				return
			case <-time.After(5 * time.Millisecond):
			}
			code, _, _ := n.try("GET", "api/contents", n.token, nil)
			codes[code]++
		}
	}()
	m.onMachine("nb/0", "docker start "+id)
	n.comesBack()
	close(stop)
	codes := <-out
	t.Logf("answers while it boots: %v", codes)
	for code := range codes {
		if code != 200 && code != 503 {
			t.Errorf("of %v answers while it boots there is %d", codes, code)
		}
	}
}
