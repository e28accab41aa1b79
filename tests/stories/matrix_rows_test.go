//go:build integration

package stories

import (
	"fmt"
	"strings"
	"time"
)

// faults are the rows of the matrix, in its order.
func faults() (out []fault) {
	out = append(out, firstKilled()...)
	out = append(out, switchKilled()...)
	out = append(out, upkeepKilled()...)
	out = append(out, engineFaults()...)
	out = append(out, containerFaults()...)
	out = append(out, imageFaults()...)
	out = append(out, diskFaults()...)
	return append(out, rebootFaults()...)
}

// within says where in a step a hook is killed.
func within(later time.Duration) string {
	if later == 0 {
		return ""
	}
	return fmt.Sprintf(", %d ms later", later.Milliseconds())
}

// firstKilled are the steps of a first deploy.
func firstKilled() (out []fault) {
	for _, step := range []string{
		"start gateway", "set gateway", "make network", "pull image", "create notebook", "start notebook", "wait until healthy", "turn gateway", "remove unused images",
	} {
		out = append(out, fault{"first deploy killed at " + step, none, false, func(r *attempt) {
			killed := r.killOn("bystander/0", r.unit, step, 0)
			app, _, _ := strings.Cut(r.unit, "/")
			var options []string
			if step == "pull image" {
				r.forgetImage("nb/0", r.at.next)
				options = []string{"jupyter-image=" + image(r.at.next)}
			}
			r.deployWith(app, []string{"--to", r.model.unit("bystander/0").Machine}, options...)
			eventually(r.t, "a hook is killed", patience, killed)
			r.waitUnit(r.unit, "active", patience, func(s unitStatus) bool { return s.Workload.Current == "active" })
			r.base = r.hooksEnded()
		}})
	}
	return out
}

// switchTo is a switch to the image that does not serve now.
func (r *attempt) switchTo() {
	r.t.Helper()
	r.config("nb", "jupyter-image="+image(r.at.next))
	r.at.now, r.at.next = r.at.next, r.at.now
}

// switchKilled are the steps of a switch that the operator asked for.
func switchKilled() (out []fault) {
	for _, k := range killings {
		out = append(out, fault{"switch killed at " + k.step + within(k.later), ended, true, func(r *attempt) {
			for try := 0; try < 5; try++ {
				if k.step == "pull image" {
					r.forgetImage(r.unit, r.at.next)
				}
				killed := r.killAt(r.unit, k.step, k.later)
				r.base = r.hooksEnded()
				r.switchTo()
				caught := false
				eventually(r.t, "the switch", patience, func() bool {
					caught = killed()
					return caught || r.hooksEnded() > r.base
				})
				if caught {
					r.waitActive(r.unit, r.at.now)
					return
				}
				r.waitSettled(r.unit, r.at.now)
			}
			r.t.Fatal("no hook was caught")
		}})
	}
	return out
}

// upkeepKilled are the steps by which upkeep makes a notebook anew that somebody
// removed.
func upkeepKilled() (out []fault) {
	for _, step := range []string{"make notebook anew", "start notebook", "wait until healthy", "turn gateway"} {
		out = append(out, fault{"notebook removed, hook killed at " + step, lost, false, func(r *attempt) {
			killed := r.killAt(r.unit, step, 0)
			r.onMachine(r.unit, "docker rm -f "+r.ids("notebook"))
			_, _ = r.model.try("exec", "--unit", r.unit, "--", "JUJU_DISPATCH_PATH=hooks/update-status ./dispatch")
			if !killed() {
				r.t.Error("the hook was not caught")
			}
		}})
	}
	return out
}

// ids stands in a shell for the ids of the unit's containers of a role.
func (r *attempt) ids(role string) string {
	return "$(docker ps -aq --filter label=io.jupyter-docker.role=" + role + " --filter label=io.jupyter-docker.key=" + r.key(r.unit) + ")"
}

// engineFaults are those of the engine as a whole, and of single calls of a switch.
func engineFaults() []fault {
	out := []fault{
		{"engine restarted", lost, false, func(r *attempt) {
			r.onMachine(r.unit, stopEngine)
			r.onMachine(r.unit, startEngine)
			r.n.comesBack()
		}},
		{"engine stopped", lost, false, func(r *attempt) {
			r.onMachine(r.unit, stopEngine)
			r.t.Cleanup(func() { r.onMachine(r.unit, startEngine); r.n.comesBack() })
			time.Sleep(time.Second)
		}},
		{"engine slow, 0.3 s a call, in a switch", ended, true, func(r *attempt) {
			r.disturbed("slow", "", 0, func() { r.switchTo(); r.waitSettled(r.unit, r.at.now) })
			r.base = r.hooksEnded()
		}},
	}
	for _, c := range []struct {
		kind string
		most int
	}{{"list", 1}, {"inspect", 2}, {"create", 2}, {"start", 1}, {"stop", 1}, {"remove", 2}} {
		for nth := 1; nth <= c.most; nth++ {
			out = append(out, callFault("fail", "fails", c.kind, nth), callFault("drop", "does not answer", c.kind, nth))
		}
	}
	return out
}

// callFault is a call of a switch that the engine fails, or makes and does not
// answer.
func callFault(mode, does, kind string, nth int) fault {
	name := fmt.Sprintf("engine %s %s %d of a switch", does, kind, nth)
	return fault{name, ended, true, func(r *attempt) {
		made, saw := r.disturbed(mode, kind, nth, func() { r.switchTo(); r.met() })
		if r.t.Logf("the calls: %s", saw); !made {
			r.t.Errorf("the switch has no such call: %s", saw)
		}
	}}
}

// containerFaults are what somebody does to the unit's containers.
func containerFaults() []fault {
	by := func(name, kernel string, still bool, script func(r *attempt) string) fault {
		return fault{name, kernel, still, func(r *attempt) { r.onMachine(r.unit, script(r)) }}
	}
	return []fault{
		by("notebook stopped", lost, false, func(r *attempt) string { return "docker stop -t 5 " + r.ids("notebook") }),
		by("notebook killed", lost, false, func(r *attempt) string { return "docker kill " + r.ids("notebook") }),
		by("notebook removed", lost, false, func(r *attempt) string { return "docker rm -f " + r.ids("notebook") }),
		by("notebook renamed", kept, true, func(r *attempt) string { return "docker rename " + r.ids("notebook") + " other-" + r.name }),
		by("notebook paused", kept, false, func(r *attempt) string { return "docker pause " + r.ids("notebook") }),
		{"server killed for memory", lost, false, outOfMemory},
		by("gateway stopped", kept, false, func(r *attempt) string { return "docker stop " + r.ids("gateway") }),
		by("gateway removed", kept, false, func(r *attempt) string { return "docker rm -f " + r.ids("gateway") }),
		by("gateway paused", kept, false, func(r *attempt) string { return "docker pause " + r.ids("gateway") }),
		by("network removed", kept, true, func(r *attempt) string {
			return "docker network disconnect -f " + r.key(r.unit) + " " + r.ids("notebook") + "; docker network rm " + r.key(r.unit)
		}),
		by("notebook, gateway and network removed", lost, false, func(r *attempt) string {
			return "docker rm -f " + r.ids("notebook") + " " + r.ids("gateway") + "; docker network rm " + r.key(r.unit)
		}),
	}
}

// outOfMemory has the kernel end the container's first process, which the
// container's memory limit names as the one to go.
func outOfMemory(r *attempt) {
	r.config("nb", "memory-limit=600m")
	r.met()
	was := r.inspect(r.unit, "{{.RestartCount}}")
	r.onMachine(r.unit, "echo 1000 >/proc/"+r.inspect(r.unit, "{{.State.Pid}}")+`/oom_score_adj
docker exec -d `+r.ids("notebook")+` python3 -c 'held = []
while True: held.append(b"x" * (16 << 20))'`)
	eventually(r.t, "the engine starts it again", time.Minute, func() bool {
		now, err := r.tryInspect(r.unit, "{{.RestartCount}}")
		return err == nil && now != was
	})
	r.n.comesBack()
	r.config("nb", "memory-limit=")
	r.met()
}

// imageFaults are images that go.
func imageFaults() []fault {
	own := func(r *attempt) string {
		return "$(docker images --format '{{.Repository}}:{{.Tag}}' jupyter-docker/" + r.key(r.unit) + ")"
	}
	return []fault{
		{"image tags removed", kept, true, func(r *attempt) {
			r.onMachine(r.unit, "docker rmi -f "+image(r.at.now)+" "+own(r)+"; true")
		}},
		{"notebook and image removed", lost, false, func(r *attempt) {
			id := r.inspect(r.unit, "{{.Image}}")
			r.onMachine(r.unit, "docker rm -f "+r.ids("notebook")+"; docker rmi -f "+image(r.at.now)+" "+own(r)+" "+id+"; ! docker inspect "+id+" >/dev/null 2>&1")
		}},
	}
}

// diskFaults are a unit's folder without room, in which the notebook ends too.
func diskFaults() (out []fault) {
	for _, full := range []struct{ of, fill string }{
		{"space", "dd if=/dev/zero of=filler bs=64k 2>/dev/null; dd if=/dev/zero of=filler2 bs=1 count=70000 2>/dev/null; true"},
		{"inodes", "mkdir filler; i=0; while touch filler/$i 2>/dev/null; do i=$((i + 1)); done; true"},
	} {
		fill := func(r *attempt) {
			r.onMachine(r.unit, "cd "+r.at.dir+" && "+full.fill)
			r.t.Cleanup(func() { r.tryOnMachine(r.unit, "rm -rf "+r.at.dir+"/filler "+r.at.dir+"/filler2") })
		}
		free := func(r *attempt) { r.onMachine(r.unit, "rm -rf "+r.at.dir+"/filler "+r.at.dir+"/filler2") }
		out = append(out,
			fault{"no " + full.of + ", in a switch", ended, true, func(r *attempt) {
				fill(r)
				r.switchTo()
				r.met()
				r.waitStatus(r.unit, "blocked", "no space", "still serves")
				free(r)
			}},
			fault{"no " + full.of + ", and the notebook stops", lost, false, func(r *attempt) {
				fill(r)
				r.onMachine(r.unit, "docker kill "+r.ids("notebook"))
				r.updateStatus(r.unit)
				r.n.comesBack()
				free(r)
			}},
			fault{"no " + full.of + ", and the gateway is removed", kept, false, func(r *attempt) {
				fill(r)
				r.onMachine(r.unit, "docker rm -f "+r.ids("gateway"))
				r.updateStatus(r.unit)
				r.n.comesBack()
				free(r)
			}},
			fault{"no " + full.of + " once a hook of a switch was killed", ended, true, func(r *attempt) {
				killed := r.killAt(r.unit, "create notebook", 0)
				r.switchTo()
				eventually(r.t, "a hook is killed", patience, killed)
				fill(r)
				r.updateStatus(r.unit)
				r.n.serves()
				free(r)
			}},
			fault{"no " + full.of + " once the notebook was removed and a hook killed", lost, false, func(r *attempt) {
				killed := r.killAt(r.unit, "make notebook anew", 0)
				r.onMachine(r.unit, "docker rm -f "+r.ids("notebook"))
				_, _ = r.model.try("exec", "--unit", r.unit, "--", "JUJU_DISPATCH_PATH=hooks/update-status ./dispatch")
				if !killed() {
					r.t.Error("the hook was not caught")
				}
				fill(r)
				r.updateStatus(r.unit)
				free(r)
			}})
	}
	return out
}

// rebootFaults are a machine that comes up with its storage mounted late.
func rebootFaults() []fault {
	// down ends all of the unit's containers, and puts an empty folder where the
	// storage is to be mounted; /run is empty. mount takes the folder away; up is what
	// the engine does at boot.
	down := func(r *attempt) (place string, mount func()) {
		place = r.storageOf(r.unit)
		cover := r.at.dir + "/cover"
		r.onMachine(r.unit, "docker kill "+r.ids("notebook")+" "+r.ids("gateway")+"; rm -r /run/jupyter-docker/"+r.key(r.unit)+"; mkdir "+cover+" && mount --bind "+cover+" "+place)
		mount = func() { r.tryOnMachine(r.unit, "[ ! -d "+cover+" ] || { umount "+place+"; rmdir "+cover+"; }") }
		r.t.Cleanup(mount)
		return place, mount
	}
	up := func(r *attempt) { r.tryOnMachine(r.unit, "docker start "+r.ids("gateway")+" "+r.ids("notebook")) }
	return []fault{
		{"reboot, storage mounted late, a hook before it", lost, false, func(r *attempt) {
			place, mount := down(r)
			up(r)
			r.updateStatus(r.unit)
			if now := strings.TrimSpace(r.onMachine(r.unit, "docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+r.key(r.unit)+"; ls -A "+place)); now != "" {
				r.t.Errorf("without its storage there is %s", now)
			}
			mount()
		}},
		{"reboot, storage mounted late, no hook before it", lost, false, func(r *attempt) {
			_, mount := down(r)
			up(r)
			mount()
		}},
		{"reboot, storage mounted in time", lost, false, func(r *attempt) {
			_, mount := down(r)
			mount()
			up(r)
		}},
		{"reboot, the engine starts no container", lost, false, func(r *attempt) {
			_, mount := down(r)
			mount()
		}},
	}
}
