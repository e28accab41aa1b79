package plan

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Serving is the one container that serves: it was verified, and the gateway's
// stored state names it. The zero value is that none does.
type Serving struct {
	*Container         // nil while it is not there
	Named      bool    // the gateway names it by its id
	Record     *Record // of one that is not there, from which it can be made anew
}

// There reports whether there is a container, running or not.
func (s Serving) There() bool { return s.Container != nil }

// Served is what the container was created for, there or not; nil where nothing
// served.
func (s Serving) Served() *notebook.Serve {
	switch {
	case s.Container != nil:
		return &s.Serve
	case s.Record != nil:
		return &s.Record.Request.Serve
	}
	return nil
}

// Up reports whether people reach the notebook.
func (s Serving) Up(g GatewayState) bool {
	return len(g.Unbound) < max(1, len(g.Listen)) && s.Container != nil && s.Turned(g) && s.Healthy && g.Answers && !g.Open
}

// Turned reports whether the gateway names the container and forwards to it.
func (s Serving) Turned(g GatewayState) bool {
	return s.Named && g.Upstream == s.Upstream()
}

// FindServing finds what serves. Where the gateway names a container, it is that
// one, or the record of it. A charm of before named a port: that is the container
// which was made for it. Where neither is there, as when the gateway's state was
// lost or a hook ended before it turned to what it had made anew, it is what was
// verified last.
func FindServing(o Observed) Serving {
	g := o.Gateway
	if c := o.Find(g.Container); c != nil && o.Notes.Aside[c.ID] == "" {
		return Serving{Container: c, Named: true}
	}
	if g.Container != "" {
		if r := o.record(func(r Record) bool { return r.ID == g.Container }); r != nil {
			if c := o.byUpstream(upstream(r.Request.Run, 0)); c != nil && c.Kept {
				return Serving{Container: c} // made anew and verified, and not turned to
			}
			return Serving{Record: r}
		}
	} else if c := o.byUpstream(g.Upstream); c != nil {
		return Serving{Container: c}
	}
	if c := o.lastVerified(); c != nil {
		return Serving{Container: c}
	}
	return Serving{Record: o.record(func(r Record) bool { return r.Verified })}
}

func (o Observed) byUpstream(upstream string) *Container {
	for _, c := range o.Notebooks {
		if upstream != "" && c.Upstream() == upstream && o.Notes.Aside[c.ID] == "" {
			return c
		}
	}
	return nil
}

// lastVerified is the youngest container that was verified.
func (o Observed) lastVerified() (last *Container) {
	for _, c := range o.Notebooks {
		if c.Kept && o.Notes.Aside[c.ID] == "" && (last == nil || c.Created.After(last.Created)) {
			last = c
		}
	}
	return last
}

// record is the record of a container that is not there any more, or was set
// aside.
func (o Observed) record(wanted func(Record) bool) *Record {
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		r, ok := o.Records[slot]
		there := o.Find(r.ID)
		if ok && wanted(r) && (there == nil || o.Notes.Aside[r.ID] != "") {
			return &r
		}
	}
	return nil
}

// others are the unit's containers but for the one that serves and those set
// aside, oldest first.
func (o Observed) others(s Serving) (out []*Container) {
	for _, c := range o.Notebooks {
		if (s.Container == nil || c.ID != s.ID) && o.Notes.Aside[c.ID] == "" {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *Container) int { return cmp.Compare(a.Created.UnixNano(), b.Created.UnixNano()) })
	return out
}

// upstream is an address as the gateway takes it.
func upstream(run string, port int) string {
	switch {
	case run != "":
		return "unix:" + run
	case port != 0:
		return "127.0.0.1:" + strconv.Itoa(port)
	}
	return ""
}
