package workload_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// left prints what a Result says is there: the containers, the records, the
// gateway.
func (w *world) left(o plan.Observed) string {
	var out []string
	for _, c := range o.Notebooks {
		words := []string{string(c.Slot)}
		for word, is := range map[string]bool{"running": c.Running, "kept": c.Kept, "healthy": c.Healthy, "paused": c.Paused, "aside": o.Notes.Aside[c.ID] != ""} {
			if is {
				words = append(words, word)
			}
		}
		slices.Sort(words[1:])
		out = append(out, strings.Join(words, " "))
	}
	slices.Sort(out)
	for _, slot := range slices.Sorted(maps.Keys(o.Records)) {
		text := "record " + string(slot)
		if r := o.Records[slot]; r.Verified {
			text += " verified"
		}
		out = append(out, text)
	}
	return strings.Join(append(out, "gateway "+w.gatewayTo(o)), "; ")
}

// gatewayTo is where the gateway forwards to.
func (w *world) gatewayTo(o plan.Observed) string {
	switch g := o.Gateway; {
	case g.Upstream == "":
		return "to nobody"
	default:
		for _, c := range o.Notebooks {
			if c.Upstream() == g.Upstream {
				return "to " + string(c.Slot)
			}
		}
		return "to what is gone"
	}
}

// checkTrue holds what a Result says against what is there.
func (w *world) checkTrue(r workload.Result, comment CommentInterface) {
	c, now := w.c, w.observe()
	c.Check(w.brief(r.Observed), DeepEquals, w.brief(now), comment)
	for slot, record := range now.Records { // what nobody needs goes when it is observed
		c.Check(r.Observed.Records[slot].ID, Equals, record.ID, comment)
		c.Check(r.Observed.Records[slot].Verified, Equals, record.Verified, comment)
	}
	c.Check(r.Observed.Gateway.Upstream, Equals, now.Gateway.Upstream, comment)
	c.Check(r.Observed.Gateway.Container, Equals, now.Gateway.Container, comment)
	c.Check(maps.Equal(r.Observed.Notes.Aside, now.Notes.Aside), Equals, true, comment)
	for _, known := range r.Observed.Notebooks {
		if there := now.Find(known.ID); there != nil && known.Healthy {
			c.Check(known.Kept, Equals, there.Kept, comment)
		}
	}
}

// brief is what must be known right of each container that is there.
func (w *world) brief(o plan.Observed) (out []string) {
	for _, c := range o.Notebooks {
		if w.daemon.Find(c.ID) != nil {
			out = append(out, fmt.Sprintf("%s of slot %s, running %t", c.ID, c.Slot, c.Running))
		}
	}
	slices.Sort(out)
	return out
}

// noise differs each time, or says nothing.
var noise = regexp.MustCompile(` ([0-9a-f]{64}|[0-9a-f]{12})|Error response from daemon: |(Get|Post|Delete) "http[^"]*": | at unix:.*running\?`)

// texts are errors as the log has them, without what differs each time.
func (w *world) texts(errs []error) string {
	text := ""
	if err := errors.Join(errs...); err != nil {
		text = err.Error()
	}
	text = noise.ReplaceAllString(text, "")
	text = strings.ReplaceAll(text, w.work.Files.Dir, "DIR")
	text = strings.ReplaceAll(text, w.spec.Gateway.Listen[0], "ADDRESS")
	return strings.ReplaceAll(text, w.daemon.Root, "ROOT")
}
