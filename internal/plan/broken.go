package plan

import (
	"time"
)

// broken says why a container that was verified will not come up again, "" while
// it may. One that has answered since it was started is not broken: it may be too
// busy to, or somebody stopped it. Nor is one of which we do not know whether it
// has: it was made by a charm that took no notes.
func broken(o Observed, c *Container) string {
	if c.Healthy || c.Paused || o.Notes.Answered[c.ID].Equal(c.Started) {
		return ""
	}
	_, known := o.recordOf(c)
	switch {
	case c.Restarts >= restartsLimit && !c.Running:
		return "it ended by itself again and again"
	case c.Running && known && o.Now.Sub(c.Started) >= answerLimit(o, c):
		return "it does not answer since it was started"
	}
	return ""
}

// answerLimit is how long a container may be silent since it was started: longer
// where the machine is busy, though not for ever, for some machines always are.
func answerLimit(o Observed, c *Container) time.Duration {
	if o.Loaded {
		return 3 * startLimit(o, c)
	}
	return startLimit(o, c)
}

// replaceBroken sets a container aside and makes it anew from its image. Without a
// record it cannot be made anew: then the wish is brought up.
func replaceBroken(p *Plan, o Observed, s Serving, cause string) {
	if len(o.Gateway.Listen) > 0 {
		p.add(step(TurnAway, s.Container, "%s", cause))
	}
	steps := []Step{step(SetAside, s.Container, "%s", cause)}
	if r, ok := o.recordOf(s.Container); ok && !dataGone(o, s) {
		steps = append(steps, recreate(o, s, &r, cause)...)
	}
	p.add(steps...)
}

// recreate makes what served anew from its record. It is a candidate like any
// other until it was verified.
func recreate(o Observed, s Serving, r *Record, cause string) []Step {
	if refused(o, r.Attempt()) {
		return nil
	}
	made := &Container{Slot: r.Request.Slot}
	create := step(Recreate, made, "%s", cause)
	create.Record = r
	await := step(Await, made, "before anyone is sent there")
	await.Limit = time.Duration(r.Request.StartTimeout) * time.Second
	var steps []Step
	for _, left := range o.others(s) {
		if left.Slot == made.Slot && !left.Kept {
			steps = append(steps, step(Remove, left, "a hook that was ended left it"))
		}
	}
	steps = abandoned(made, append(steps, create, step(Start, made, "%s", cause), await)...)
	for i := range steps {
		steps[i].Else[0].Record = r
	}
	if len(o.Gateway.Listen) > 0 {
		steps = append(steps, step(Flip, made, "it is healthy"))
	}
	return steps
}

// abandoned are the steps of a candidate, which is removed when one fails. Once it
// was verified it stays for the next hook to turn to: the gateway may have turned
// to it although it did not say so.
func abandoned(made *Container, steps ...Step) []Step {
	for i := range steps {
		steps[i].Else = []Step{step(Abandon, made, "%s failed", steps[i].Kind)}
	}
	return steps
}

// Attempt is what decides whether a container comes up.
func (o Observed) Attempt(c *Container) Attempt {
	if r, ok := o.recordOf(c); ok {
		a := r.Attempt()
		a.Limits = c.Limits
		return a
	}
	return Attempt{Hash: c.Hash, ImageID: c.ImageID, Limits: c.Limits}
}

// recordOf is the record of a container.
func (o Observed) recordOf(c *Container) (Record, bool) {
	r, ok := o.Records[c.Slot]
	return r, ok && (r.ID == c.ID || c.Run != "" && r.Request.Run == c.Run)
}

// refused reports whether what is to be brought up did not come up before, and is
// not to be tried again yet.
func refused(o Observed, a Attempt) bool {
	r := o.Notes.Refused.Find(a)
	return r != nil && o.Now.Before(r.Until)
}
