//go:build integration

package stories

import (
	"net/http"
	"strings"
	"time"
)

// try makes a fault on the unit that serves, and checks what is there afterwards.
func (r *attempt) try(f fault) result {
	r.t.Helper()
	if !r.well() {
		r.t.Fatal("the unit is not well since an earlier row")
	}
	r.n = r.open(r.unit)
	r.n.write("kept.txt", f.name)
	k := r.n.startKernel()
	k.run("held = '" + f.name + "'")
	r.base = r.hooksEnded()
	stop := r.n.outage()
	f.make(r)
	got := result{hooks: r.settle()}
	got.outage = stop()
	got.kernel = r.kernel(k, f)
	r.check(f)
	if f.still && got.outage > 0 {
		r.t.Errorf("the notebook did not answer for %s", got.outage)
	}
	return got
}

// tryFirst makes a fault in the first deploy of a unit of its own.
func (r *attempt) tryFirst(f fault) result {
	r.t.Helper()
	app := strings.ReplaceAll(strings.ReplaceAll(f.name, " ", "-"), ",", "")
	r.unit = app + "/0"
	f.make(r)
	eventually(r.t, r.unit+" is there", patience, func() bool { return r.app(app).Units[r.unit].Machine != "" })
	got := result{hooks: r.settle(), kernel: none}
	r.n = r.open(r.unit)
	r.n.write("kept.txt", f.name)
	r.check(f)
	r.juju("remove-application", "--no-prompt", "--destroy-storage", app)
	r.gone(r.unit)
	r.onMachine("bystander/0", "rm -r /var/lib/jupyter-docker/"+r.key(r.unit))
	return got
}

// hooksEnded counts the unit's hooks that ended, well or not. One that was killed
// is not among them.
func (r *attempt) hooksEnded() (count int) {
	r.t.Helper()
	agent := "unit-" + strings.ReplaceAll(r.unit, "/", "-") + ":"
	for line := range strings.Lines(r.juju("debug-log", "--replay", "--no-tail")) {
		if strings.HasPrefix(line, agent) && strings.Contains(line, " hook ") && strings.Contains(line, "(via ") {
			count++
		}
	}
	return count
}

// met waits until a hook has ended since the row began, and counts from there.
func (r *attempt) met() {
	r.t.Helper()
	eventually(r.t, "a hook met the fault", patience, func() bool { return r.hooksEnded() > r.base })
	r.base = r.hooksEnded()
}

// settle gives the unit hooks until it serves and has nothing to do, and counts
// them with those that Juju gives it.
func (r *attempt) settle() int {
	r.t.Helper()
	for given := 0; ; given++ {
		r.waitUnit(r.unit, "at rest", patience, func(s unitStatus) bool { return s.Workload.Current != "error" })
		if r.well() {
			return given + r.hooksEnded() - r.base
		}
		if given == 2 {
			r.t.Fatalf("after two hooks the unit is %s, its plan: %+v", r.status(), r.tryRun(r.unit, "plan"))
		}
		r.updateStatus(r.unit)
	}
}

func (r *attempt) status() unitStatus { return r.model.unit(r.unit) }

var briefClient = &http.Client{Timeout: 3 * time.Second}

// well reports whether the unit is active, its notebook answers, and its plan is
// empty. The plan comes last: the action looks at what is paused, as hooks do.
func (r *attempt) well() bool {
	r.t.Helper()
	if r.status().Workload.Current != "active" {
		return false
	}
	if r.n != nil {
		if resp, err := briefClient.Get(r.n.url + "api"); err != nil {
			return false
		} else if resp.Body.Close(); resp.StatusCode != http.StatusOK {
			return false
		}
	}
	plan := r.tryRun(r.unit, "plan")
	if plan.result("plan") != "nothing to do" {
		r.t.Logf("%s; plan: %s%s", r.status(), plan.result("plan"), plan.Message)
	}
	return plan.result("plan") == "nothing to do"
}

// kernel reports what became of the kernel, which has to be what the row says.
func (r *attempt) kernel(k *kernel, f fault) string {
	r.t.Helper()
	code, _, err := r.n.try("GET", "api/kernels/"+k.id, r.n.token, nil)
	if err != nil {
		r.t.Errorf("the kernel cannot be asked for: %v", err)
	}
	got := lost
	if code == http.StatusOK {
		k.conn.Close()
		if err := k.connect(); err != nil {
			r.t.Fatalf("cannot connect to the kernel again: %v", err)
		}
		if out, err := k.wait(k.send("print(held)"), time.Minute); err == nil && out == f.name+"\n" {
			got = kept
		}
		r.n.call("DELETE", "api/kernels/"+k.id, nil, nil, 204)
	}
	if got == lost && f.kernel == ended {
		got = ended
	}
	if got != f.kernel {
		r.t.Errorf("the kernel is %s, want %s", got, f.kernel)
	}
	return got
}

// check checks that one notebook serves with its token alone, that nothing is left
// over, that the file is there, and that the next hook changes nothing.
func (r *attempt) check(f fault) {
	r.t.Helper()
	r.n.serves()
	if got := r.n.read("kept.txt"); got != f.name {
		r.t.Errorf("the file holds %q", got)
	}
	if left := r.leftovers(r.unit); left != "" {
		r.t.Errorf("there is left %s", left)
	}
	before := r.identities()
	r.updateStatus(r.unit)
	if now := r.identities(); now != before {
		r.t.Errorf("the next hook left\n%s, were\n%s", now, before)
	}
	if s := r.status(); s.Workload.Current != "active" {
		r.t.Errorf("after the next hook the unit is %s", s)
	}
}

// identities are the unit's containers and since when they run.
func (r *attempt) identities() string {
	r.t.Helper()
	return r.onMachine(r.unit, "docker ps -aq --no-trunc --filter label=io.jupyter-docker.key="+r.key(r.unit)+
		" | sort | xargs -r docker inspect -f '{{.Id}} {{.Name}} {{.State.StartedAt}} {{.RestartCount}}'")
}

// slow is how long an answer takes that counts as none.
const slow = time.Second

// outage asks for a file every 50 ms until the function that it returns is called,
// which gives the time in which there was no answer.
func (n *notebook) outage() func() time.Duration {
	stop := make(chan struct{})
	over := make(chan time.Duration, 1)
	go func() {
		var total time.Duration
		var since time.Time // of the outage that goes on
		for {
			begun := time.Now()
			code, _, err := n.try("GET", "api/contents/kept.txt?content=0", n.token, nil)
			good := err == nil && code == http.StatusOK
			if bad := !good || time.Since(begun) > slow; bad && since.IsZero() {
				since = begun
			}
			if good && !since.IsZero() {
				total += time.Since(since)
				since = time.Time{}
			}
			select {
			case <-stop:
				if since.IsZero() {
					over <- total
					return
				}
			case <-time.After(50*time.Millisecond - time.Since(begun)):
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-over
	}
}
